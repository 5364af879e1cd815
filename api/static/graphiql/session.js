// Who has signed in, and as which of their roles they ask.

import { send } from "./door.js";

const SIGN_IN = `mutation SignIn($account: String, $password: String) {
  signIn(account: $account, password: $password) {
    token
    user { username defaultRole roles { name title } }
  }
}`;
const SIGN_OUT = "mutation SignOut { signOut }";
const ENDED = ["INVALID_TOKEN", "EXPIRED_TOKEN", "BLOCKED_TOKEN"];

/** Throws an `Error` whose message is the service's own when it refuses. */
export async function signIn(account, password) {
  const { body } = await send({ query: SIGN_IN, variables: { account, password } });
  if (!body.data?.signIn) {
    throw new Error(body.errors.map((error) => error.message).join(" "));
  }
  const { token, user } = body.data.signIn;
  return new Session(token, user);
}

export class Session {
  // Private, so that nothing on the page reads it; memory alone, so that it ends with the page.
  #token;

  constructor(token, user) {
    this.#token = token;
    this.user = user;
    this.role = user.defaultRole;
    /** Called once when the service no longer takes the token. */
    this.ended = () => {};
  }

  /** Answers the body of the service's answer. `role` is that of the moment of asking. */
  async send(asked, headers) {
    const { status, body } = await send(asked, this.#identify(headers));
    this.#notice(status, body);
    return body;
  }

  /** As the browser's own, but asks as this person. */
  async fetch(url, options = {}) {
    const headers = this.#identify(options.headers);
    const response = await fetch(url, { ...options, headers, cache: "no-store", credentials: "omit", redirect: "error" });
    if (response.status === 401) {
      this.#notice(401, await response.clone().json());
    }
    return response;
  }

  #identify(headers) {
    const identified = new Headers(headers);
    identified.set("Authorization", `Bearer ${this.#token}`);
    identified.set("X-Role", this.role);
    return identified;
  }

  #notice(status, body) {
    if (status === 401 && body.errors.some((error) => ENDED.includes(error.code))) {
      this.ended();
    }
  }

  async signOut() {
    await this.send({ query: SIGN_OUT });
  }
}
