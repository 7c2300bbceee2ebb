/** What special operators may refer to: entities by their name. */
export interface MatchContext {
  /** The value of an entity. Throws where there is none of this name. */
  entity(id: string): unknown;
  /** The `lsid` of a session entity. Throws where there is none of this name. */
  sessionLsid(id: string): unknown;
}

/** For values that cannot refer to anything. */
export const NO_ENTITIES: MatchContext = {
  entity: (id) => {
    throw new Error(`no entity '${id}' can be referred to here`);
  },
  sessionLsid: (id) => {
    throw new Error(`no session '${id}' can be referred to here`);
  },
};
