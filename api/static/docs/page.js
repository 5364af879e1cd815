// Joins the strip and Swagger UI: what is signed in above decides what is shown below, and who tries it.

import { signIn } from "../graphiql/session.js";
import * as strip from "../graphiql/strip.js";

const { SwaggerUIBundle } = globalThis;
const DOCUMENT = new URL("../../openapi.json", import.meta.url);
const ROLE = "#/components/parameters/X-Role";
const main = document.getElementById("docs");
const dark = matchMedia("(prefers-color-scheme: dark)");

let session = null;

strip.listen({
  async enter(account, password) {
    const entered = await signIn(account, password);
    entered.ended = () => depart("Your session has ended: sign in again.");
    session = entered;
    await show();
    strip.showSignedIn(session.user, session.role);
  },
  async choose(role) {
    session.role = role;
    await show();
  },
  async leave() {
    try {
      await session.signOut();
    } finally {
      depart();
    }
  },
});
dark.addEventListener("change", colour);
colour();

function colour() {
  document.documentElement.classList.toggle("dark-mode", dark.matches);
}

function depart(why) {
  session = null;
  main.replaceChildren();
  strip.showSignedOut(why);
}

/** A new Swagger UI: another role may see another document, and answers were those of the role before. */
async function show() {
  const asked = session;
  const spec = await (await asked.fetch(DOCUMENT)).json();
  // The strip says who asks, and in which role: the page has no second form for it, and no token in what it shows.
  delete spec.security;
  delete spec.components.securitySchemes;
  for (const operation of Object.values(spec.paths).flatMap(Object.values)) {
    operation.parameters = operation.parameters.filter(({ $ref }) => $ref !== ROLE);
  }
  const domNode = document.createElement("div");
  main.replaceChildren(domNode);
  SwaggerUIBundle({
    spec,
    domNode,
    docExpansion: "none",
    defaultModelsExpandDepth: -1,
    filter: true,
    tryItOutEnabled: true,
    validatorUrl: null,
    requestInterceptor(request) {
      request.userFetch = (url, options) => asked.fetch(url, options);
      return request;
    },
  });
}
