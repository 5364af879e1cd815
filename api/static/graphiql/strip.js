// The strip above GraphiQL: a form for who is nobody yet; name, role and the way out for who has signed in.

const part = Object.fromEntries(
  ["sign-in", "account", "password", "enter", "signed-in", "who", "role", "leave", "notice", "error"].map((id) => [
    id,
    document.getElementById(id),
  ]),
);

/** Calls `enter(account, password)`, `choose(role)` and `leave()`; what they throw is shown, as text. */
export function listen({ enter, choose, leave }) {
  part["sign-in"].addEventListener("submit", (event) => {
    event.preventDefault();
    const password = part.password.value;
    part.password.value = "";
    attempt(part.enter, () => enter(part.account.value, password));
  });
  part.leave.addEventListener("click", () => attempt(part.leave, leave));
  part.role.addEventListener("change", () => choose(part.role.value));
}

export function showSignedIn(user, role) {
  part.who.textContent = user.username;
  part.role.replaceChildren(...user.roles.map((held) => option(held, role)));
  toggle(true);
  part.role.focus();
}

/** `why` is told when it was not the person's own wish. */
export function showSignedOut(why = "") {
  toggle(false);
  part.role.replaceChildren();
  part.error.textContent = why;
  (part.account.value ? part.password : part.account).focus();
}

async function attempt(button, action) {
  button.disabled = true;
  part.error.textContent = "";
  try {
    await action();
  } catch (error) {
    part.error.textContent = error.message;
    part.password.focus();
  } finally {
    button.disabled = false;
  }
}

function toggle(signedIn) {
  part["sign-in"].hidden = signedIn;
  part["signed-in"].hidden = !signedIn;
  part.notice.hidden = signedIn;
  part.error.textContent = "";
}

function option({ name, title }, chosen) {
  const made = new Option(name, name, false, name === chosen);
  made.title = title ?? "";
  return made;
}
