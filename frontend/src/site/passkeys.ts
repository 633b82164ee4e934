// Passkeys on the pages of signing in. A form says by `data-passkey` what is asked of the browser:
// `sign-in` (with any passkey of this site), `use` (one of the signed-in person's) or `add`. The
// answer goes into the form's hidden field `credential`, and the form is sent as any other.

type Task = "sign-in" | "use" | "add";

interface Described {
  id: string;
  type: PublicKeyCredentialType;
  transports?: AuthenticatorTransport[];
}

interface RequestJson {
  challenge: string;
  allowCredentials?: Described[];
  [name: string]: unknown;
}

interface CreationJson {
  challenge: string;
  user: { id: string; name: string; displayName: string };
  excludeCredentials?: Described[];
  authenticatorSelection?: AuthenticatorSelectionCriteria;
  [name: string]: unknown;
}

interface Options {
  request_options?: { publicKey: RequestJson };
  creation_options?: { publicKey: CreationJson };
}

const OPTIONS_ID = "passkey-options";

/** Bytes as base64url without padding, as WebAuthn's JSON has them. */
export function toText(bytes: ArrayBuffer): string {
  const binary = String.fromCharCode(...new Uint8Array(bytes));
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** The bytes of a base64url text. */
export function toBytes(text: string): ArrayBuffer {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (letter) => letter.charCodeAt(0)).buffer;
}

function known(credentials: Described[] | undefined): PublicKeyCredentialDescriptor[] {
  return (credentials ?? []).map((one) => ({ ...one, id: toBytes(one.id) }));
}

/** What `navigator.credentials.get` takes, out of the server's JSON. */
export function requestOf(json: RequestJson): PublicKeyCredentialRequestOptions {
  return {
    ...json,
    challenge: toBytes(json.challenge),
    allowCredentials: known(json.allowCredentials),
  };
}

/** What `navigator.credentials.create` takes: a passkey that signs in by itself. */
export function creationOf(json: CreationJson): PublicKeyCredentialCreationOptions {
  return {
    ...json,
    challenge: toBytes(json.challenge),
    user: { ...json.user, id: toBytes(json.user.id) },
    excludeCredentials: known(json.excludeCredentials),
    authenticatorSelection: {
      ...json.authenticatorSelection,
      residentKey: "required",
      requireResidentKey: true,
      userVerification: "required",
    },
  } as PublicKeyCredentialCreationOptions;
}

/** The browser's answer as the server reads it. */
export function answerOf(credential: PublicKeyCredential): Record<string, unknown> {
  const { response } = credential;
  const parts: Record<string, string | null> = { clientDataJSON: toText(response.clientDataJSON) };
  if (response instanceof AuthenticatorAttestationResponse) {
    parts.attestationObject = toText(response.attestationObject);
  } else if (response instanceof AuthenticatorAssertionResponse) {
    parts.authenticatorData = toText(response.authenticatorData);
    parts.signature = toText(response.signature);
    parts.userHandle = response.userHandle ? toText(response.userHandle) : null;
  }
  return {
    id: credential.id,
    rawId: toText(credential.rawId),
    type: credential.type,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: parts,
  };
}

/** Why passkeys cannot be used at this address; empty where they can. */
export function obstacleOf(hostname: string, isSupported: boolean): string {
  if (/^[\d.]+$/.test(hostname) || hostname.includes(":"))
    return "Passkeys need a name, not a number, in the address: try localhost.";
  if (!isSupported) return "This browser, or this address without https, has no passkeys.";
  return "";
}

/** What went wrong, and what to do; empty where the person simply closed the window. */
export function reasonOf(error: unknown): string {
  const { name } = error as { name?: string };
  if (name === "NotAllowedError" || name === "AbortError") return "";
  if (name === "InvalidStateError") return "This device has a passkey for this account already.";
  return "The passkey did not work. Try again, or sign in another way.";
}

async function optionsFor(form: HTMLFormElement, task: Task): Promise<Options> {
  if (task === "sign-in") {
    const answer = await fetch(form.action, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(`passkey options: ${answer.status}`);
    return (await answer.json()) as Options;
  }
  return JSON.parse(document.getElementById(OPTIONS_ID)?.textContent ?? "{}") as Options;
}

async function ask(options: Options): Promise<Credential | null> {
  const { creation_options: creation, request_options: request } = options;
  if (creation) {
    return navigator.credentials.create({ publicKey: creationOf(creation.publicKey) });
  }
  if (!request) throw new Error("no passkey options");
  return navigator.credentials.get({ publicKey: requestOf(request.publicKey) });
}

function say(form: HTMLFormElement, text: string): void {
  const note = form.querySelector<HTMLElement>("[data-passkey-note]");
  if (!note) return;
  note.textContent = text;
  note.hidden = !text;
  note.setAttribute("role", "status");
}

async function run(form: HTMLFormElement, field: HTMLInputElement): Promise<void> {
  const button = form.querySelector<HTMLButtonElement>('button[type="submit"]');
  button?.setAttribute("aria-busy", "true");
  say(form, "");
  try {
    const options = await optionsFor(form, form.dataset.passkey as Task);
    const credential = await ask(options);
    field.value = JSON.stringify(answerOf(credential as PublicKeyCredential));
    form.submit();
  } catch (error) {
    say(form, reasonOf(error));
  } finally {
    button?.removeAttribute("aria-busy");
  }
}

/** Lets the forms of a page that ask for a passkey do so. */
export function setUpPasskeys(): void {
  const obstacle = obstacleOf(location.hostname, "PublicKeyCredential" in window);
  for (const form of document.querySelectorAll<HTMLFormElement>("form[data-passkey]")) {
    const field = form.querySelector<HTMLInputElement>('input[name="credential"]');
    if (!field) continue;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (obstacle) say(form, obstacle);
      else void run(form, field);
    });
  }
}
