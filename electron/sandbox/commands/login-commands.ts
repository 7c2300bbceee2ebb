import { Binary } from 'bson';
import type { AccessControl } from '../access/access-control.ts';
import { isSameName, roleDoc } from '../access/access-store.ts';
import type { AccessName } from '../access/builtin-roles.ts';
import { toDoc } from '../access/privilege.ts';
import { MECHANISM, readClientFirst, ScramConversation } from '../access/scram.ts';
import { ServerError } from '../semantics/server-error.ts';
import { isDoc, numberOf, type Doc } from '../semantics/values.ts';
import type { Client, Command, CommandCall } from './command.ts';
import { TOKEN_MECHANISM, type TokenLogin } from './token-login.ts';

/** A login that waits for the client's next message. */
interface Login {
  readonly id: number;
  readonly user: AccessName;
  readonly scram: ScramConversation;
  /** Older clients send one more, empty message after the proofs; newer ones say that they do not. */
  readonly skipsEmptyExchange: boolean;
  isProved: boolean;
}

const CONVERSATION = 1;

function failed(): ServerError {
  // The same for a wrong name and a wrong password: it tells nobody which names there are.
  return new ServerError('AuthenticationFailed', 'Authentication failed.');
}

function payloadOf(body: Doc): string {
  const { payload } = body;
  if (payload instanceof Binary) return Buffer.from(payload.buffer.subarray(0, payload.position)).toString('utf8');
  if (typeof payload === 'string') return Buffer.from(payload, 'base64').toString('utf8');
  throw new ServerError('TypeMismatch', 'the payload of a SASL message must be binary data');
}

function step(done: boolean, text: string): Doc {
  return { conversationId: CONVERSATION, done, payload: new Binary(Buffer.from(text)) };
}

/** Commands that log in and out, and tell who is logged in. The logins under way are each connection's own. */
export class LoginCommands {
  readonly #accessControl: AccessControl;
  /** Null where no identity provider is known. */
  readonly #tokens: TokenLogin | null;
  readonly #underWay = new WeakMap<Client, Login>();
  /** Clients that were told where to get a token. */
  readonly #fetching = new WeakSet<Client>();

  constructor(accessControl: AccessControl, tokens: TokenLogin | null) {
    this.#accessControl = accessControl;
    this.#tokens = tokens;
  }

  get commands(): Record<string, Command> {
    return {
      saslStart: { writes: false, run: (call) => this.#start(call, call.db, call.body) },
      saslContinue: { writes: false, run: (call) => this.#continue(call) },
      logout: { writes: false, run: (call) => this.#logout(call) },
      connectionStatus: { writes: false, run: (call) => this.#status(call) },
    };
  }

  /** What a handshake learns of logging in: the mechanisms of a user it names, and the answer to a login that it begins. */
  handshake(call: CommandCall): Doc {
    const { saslSupportedMechs: named, speculativeAuthenticate: begun } = call.body;
    const [db = '', ...name] = typeof named === 'string' ? named.split('.') : [];
    const isUser = this.#accessControl.store.user({ db, name: name.join('.') }) !== null;
    return {
      ...(isUser ? { saslSupportedMechs: [MECHANISM] } : {}),
      ...(isDoc(begun) ? this.#speculative(call, begun) : {}),
    };
  }

  /** A login that fails here is left out of the handshake's answer; the client then begins it in the ordinary way. */
  #speculative(call: CommandCall, begun: Doc): Doc {
    try {
      const db = typeof begun['db'] === 'string' ? begun['db'] : call.db;
      return { speculativeAuthenticate: this.#start(call, db, begun) };
    } catch (cause) {
      if (cause instanceof ServerError) return {};
      throw cause;
    }
  }

  #start(call: CommandCall, db: string, body: Doc): Doc {
    if (body['mechanism'] === TOKEN_MECHANISM && this.#tokens !== null)
      return this.#withToken(call, body, this.#tokens);
    if (body['mechanism'] !== MECHANISM)
      throw new ServerError(
        'MechanismUnavailable',
        `Received authentication for mechanism ${String(body['mechanism'])} which is unknown or not enabled`,
      );
    this.#underWay.delete(call.client);
    const first = readClientFirst(payloadOf(body));
    const user = first === null ? null : this.#accessControl.store.user({ db, name: first.user });
    if (first === null || user === null || user.credentials === null) throw failed();
    const scram = new ScramConversation(first, user.credentials);
    const skipsEmptyExchange = isDoc(body['options']) && body['options']['skipEmptyExchange'] === true;
    this.#underWay.set(call.client, {
      id: CONVERSATION,
      user: { name: user.name, db: user.db },
      scram,
      skipsEmptyExchange,
      isProved: false,
    });
    return step(false, scram.challenge);
  }

  #withToken(call: CommandCall, body: Doc, tokens: TokenLogin): Doc {
    this.#fetching.delete(call.client);
    const step = tokens.step(body, call.startedAt.getTime());
    if (step.type === 'where') {
      this.#fetching.add(call.client);
      return { conversationId: CONVERSATION, done: false, payload: step.payload };
    }
    logIn(call.client, step.subject.user);
    call.client.loginEndsAtMs = step.subject.endsAtMs;
    return { conversationId: CONVERSATION, done: true, payload: new Binary(Buffer.alloc(0)) };
  }

  #continue(call: CommandCall): Doc {
    if (this.#tokens !== null && this.#fetching.has(call.client)) return this.#withToken(call, call.body, this.#tokens);
    const login = this.#underWay.get(call.client);
    if (login === undefined || numberOf(call.body['conversationId']) !== login.id)
      throw new ServerError('ProtocolError', 'No SASL session state found');
    if (login.isProved) {
      this.#underWay.delete(call.client);
      logIn(call.client, login.user);
      return step(true, '');
    }
    const proof = login.scram.verify(payloadOf(call.body));
    if (proof === null) {
      this.#underWay.delete(call.client);
      throw failed();
    }
    if (login.skipsEmptyExchange) {
      this.#underWay.delete(call.client);
      logIn(call.client, login.user);
    } else login.isProved = true;
    return step(login.skipsEmptyExchange, proof);
  }

  #logout(call: CommandCall): Doc {
    if (call.client.user?.db === call.db) {
      call.client.user = null;
      call.client.loginEndsAtMs = null;
    }
    return {};
  }

  #status(call: CommandCall): Doc {
    const { user } = call.access();
    const grants = user === null ? null : this.#accessControl.store.grantsOf(user);
    const privileges = (grants?.privileges ?? []).map(toDoc);
    return {
      authInfo: {
        authenticatedUsers: user === null ? [] : [{ user: user.name, db: user.db }],
        authenticatedUserRoles: (grants?.roles ?? []).map(roleDoc),
        ...(call.body['showPrivileges'] === true ? { authenticatedUserPrivileges: privileges } : {}),
      },
    };
  }
}

function logIn(client: Client, user: AccessName): void {
  if (client.user !== null && !isSameName(client.user, user))
    throw new ServerError(
      'Location5626701',
      `Each client connection may only be authenticated once. Previously authenticated as: ${client.user.name}@${client.user.db}`,
    );
  client.user = user;
}
