import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ObjectId } from 'bson';
import { AccessControl, WITHOUT_LOGIN } from '#sandbox/access/access-control.ts';
import { pipelineNeeds } from '#sandbox/access/pipeline-needs.ts';
import { isAllowed, type Reach, type Target } from '#sandbox/access/privilege.ts';
import { hasRequirement } from '#sandbox/access/requirements.ts';
import { credentialsOf, readClientFirst, ScramConversation } from '#sandbox/access/scram.ts';
import { commandTable } from '#sandbox/commands/command-table.ts';
import { FailPoints } from '#sandbox/commands/fail-points.ts';
import { Deployment } from '#sandbox/deployment.ts';
import { TtlMonitor } from '#sandbox/ttl-monitor.ts';
import { openSqlite } from '#sandbox/storage/schema.ts';

describe('who may do what', () => {
  it('every command that is offered says what it needs, or that it needs no login', () => {
    const deployment = new Deployment({ sqlite: openSqlite(':memory:'), oplogBytesMax: 1000, now: () => 0 });
    const identity = { host: '', processId: new ObjectId(), startedAtMs: 0, connections: () => 0 };
    const accessControl = new AccessControl(deployment, true);
    const names = Object.keys(
      commandTable({
        identity,
        failPoints: new FailPoints(),
        accessControl,
        ttlMonitor: new TtlMonitor(deployment),
        tokens: null,
      }),
    );
    expect(names.filter((name) => !hasRequirement(name) && !WITHOUT_LOGIN.has(name))).toEqual([]);
  });

  const normal: Target = { type: 'namespace', db: 'd', coll: 'c' };
  const system: Target = { type: 'namespace', db: 'd', coll: 'system.users' };
  const local: Target = { type: 'namespace', db: 'local', coll: 'c' };
  const database: Target = { type: 'database', db: 'd' };
  const cluster: Target = { type: 'cluster' };
  const cases: readonly (readonly [string, Reach, readonly Target[], readonly Target[]])[] = [
    ['any resource', { type: 'any' }, [normal, system, local, database, cluster], []],
    ['the cluster', { type: 'cluster' }, [cluster], [normal, system, local, database]],
    ['every normal one', { type: 'normal' }, [normal, database], [system, local, cluster]],
    ['a database', { type: 'database', db: 'd' }, [normal, database], [system, local, cluster]],
    ['another database', { type: 'database', db: 'e' }, [], [normal, database]],
    ['a name in every database', { type: 'collection', coll: 'c' }, [normal, local], [system, database]],
    ['one collection', { type: 'namespace', db: 'd', coll: 'c' }, [normal], [local, database, system]],
  ];
  it.each(cases)('a privilege on %s reaches what the manual says', (_name, reach, reached, others) => {
    const privileges = [{ reach, actions: ['find', 'insert'] }];
    expect(reached.filter((target) => !isAllowed(privileges, target, ['find', 'insert']))).toEqual([]);
    expect(others.filter((target) => isAllowed(privileges, target, ['find']))).toEqual([]);
    expect(reached.filter((target) => isAllowed(privileges, target, ['find', 'remove']))).toEqual([]);
  });

  it('a pipeline needs what its innermost stages read and write', () => {
    const needs = pipelineNeeds('d', 'a', [
      { $lookup: { from: 'b', pipeline: [{ $unionWith: { coll: 'c', pipeline: [{ $lookup: { from: 'e' } }] } }] } },
      { $facet: { x: [{ $graphLookup: { from: 'f' } }] } },
      { $merge: { into: { db: 'o', coll: 'g' }, whenMatched: 'fail' } },
    ]);
    const told = needs.map(({ target, actions }) => [target.type === 'namespace' ? target.coll : '', actions.join()]);
    expect(told).toEqual([
      ['a', 'find'],
      ['b', 'find'],
      ['c', 'find'],
      ['e', 'find'],
      ['f', 'find'],
      ['g', 'insert'],
    ]);
  });
});

describe('SCRAM-SHA-256', () => {
  const hmac = (key: Uint8Array, text: string): Buffer => createHmac('sha256', key).update(text).digest();

  it('gives the proofs of the example in RFC 7677', () => {
    const salt = 'W22ZaJ0SNY7soEsUEjb6gQ==';
    const salted = pbkdf2Sync('pencil', Buffer.from(salt, 'base64'), 4096, 32, 'sha256');
    const storedKey = createHash('sha256').update(hmac(salted, 'Client Key')).digest('base64');
    const serverKey = hmac(salted, 'Server Key').toString('base64');
    const first = readClientFirst('n,,n=user,r=rOprNGfwEbeRWgbNEkqO');
    if (first === null) throw new Error('the first message was not read');
    const credentials = { iterationCount: 4096, salt, storedKey, serverKey };
    const server = new ScramConversation(first, credentials, '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0');
    expect(server.challenge).toBe(`r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=${salt},i=4096`);
    const final = 'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=';
    expect(server.verify(`${final}dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`)).toBe(
      'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
    );
    expect(server.verify(`${final}AHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`)).toBeNull();
    expect(server.verify(`${final}AAAA`)).toBeNull();
  });

  it('refuses what is no first message, and channel binding', () => {
    for (const payload of ['', 'n,,', 'n,,n=user', 'p=tls-unique,,n=user,r=abc', 'n,,r=abc,n=user'])
      expect(readClientFirst(payload)).toBeNull();
    expect(readClientFirst('n,,n=a=2Cb=3Dc,r=abc')).toMatchObject({ user: 'a,b=c', nonce: 'abc' });
  });

  it('gives equal passwords different credentials', () => {
    expect(credentialsOf('secret').storedKey).not.toBe(credentialsOf('secret').storedKey);
  });
});
