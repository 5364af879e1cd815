// Joins the strip and GraphiQL: what is signed in above is who asks below.

import { send } from "./door.js";
import { signIn } from "./session.js";
import * as strip from "./strip.js";

const { React, ReactDOM, GraphiQL } = globalThis;
const TABS = ["create-and-fire", "hand-over-the-category", "refused-many-to-one", "what-ran"];
const THEME = "graphiql:theme";
const root = ReactDOM.createRoot(document.getElementById("graphiql"));

let session = null;
let tabs = await Promise.all(TABS.map(load));
let sitting = { number: 0, storage: memory() };

strip.listen({
  async enter(account, password) {
    session = await signIn(account, password);
    session.ended = () => depart("Your session has ended: sign in again.");
    strip.showSignedIn(session.user, session.role);
    show();
  },
  choose(role) {
    session.role = role;
    show();
  },
  async leave() {
    try {
      await session.signOut();
    } finally {
      // A new GraphiQL with the same documents and colours: answers and history were this person's.
      sitting = { number: sitting.number + 1, storage: memory(sitting.storage.getItem(THEME)) };
      depart();
    }
  },
});
show();

function depart(why) {
  session = null;
  strip.showSignedOut(why);
  show();
}

/** A new fetcher, which makes GraphiQL load the schema again: another role may see another one. */
function show() {
  const asked = session;
  const props = {
    key: sitting.number,
    storage: sitting.storage,
    fetcher: asked
      ? (document, options) => asked.send(document, options?.headers)
      : async (document, options) => (await send(document, options?.headers)).body,
    // null: none, and do not ask for it. undefined: ask the fetcher.
    schema: asked ? undefined : null,
    defaultTabs: tabs,
    onTabChange: (state) => {
      tabs = state.tabs.map(({ query, variables }) => ({ query, variables }));
    },
    shouldPersistHeaders: false,
    showPersistHeadersSettings: false,
  };
  root.render(React.createElement(GraphiQL, props));
}

async function load(name) {
  const response = await fetch(new URL(`tabs/${name}.graphql`, import.meta.url));
  return { query: await response.text() };
}

/** What GraphiQL keeps tabs, history and settings in: gone with the page, where its default would outlive it. */
function memory(theme = null) {
  const items = new Map([[THEME, theme]]);
  return {
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => items.set(key, value),
    removeItem: (key) => items.delete(key),
    clear: () => items.clear(),
    get length() {
      return items.size;
    },
  };
}
