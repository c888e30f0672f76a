/** What the builder asks of the server and sends to it. */

/** The server said no, and why. `line` is the connection's trouble: nobody answered. */
export class Refused extends Error {
  /** @param {number} status @param {any} body */
  constructor(status, body) {
    super(body?.detail ?? "The server does not answer. What you did is still on this page.");
    this.status = status;
    this.code = body?.code ?? (status ? "failed" : "offline");
    this.body = body ?? {};
  }
}

export class Server {
  /** @param {string} address @param {string} token */
  constructor(address, token) {
    this.address = address;
    this.token = token;
  }

  /** @param {string} name @param {Record<string, any>} [query] */
  get(name, query = {}) {
    const given = Object.entries(query).filter(([, value]) => value !== "" && value !== null && value !== undefined);
    return this.ask(`${name}/?${new URLSearchParams(given)}`, { method: "GET" });
  }

  /** @param {string} name @param {any} body */
  post(name, body) {
    return this.ask(`${name}/`, { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });
  }

  /** @param {string} name @param {Record<string, any>} query @param {Blob | string} content */
  send(name, query, content) {
    return this.ask(`${name}/?${new URLSearchParams(query)}`, { method: "POST", body: content, headers: { "Content-Type": "text/plain" } });
  }

  /** @param {string} path @param {any} options @returns {Promise<any>} */
  async ask(path, options) {
    const headers = { ...(options.headers ?? {}), "X-CSRFToken": this.token, Accept: "application/json" };
    const answer = await fetch(this.address + path, { ...options, headers, redirect: "manual" }).catch(() => null);
    if (!answer || answer.status >= 502) throw new Refused(0, null);
    const body = await answer.json().catch(() => null);
    if (answer.ok && body) return body;
    throw new Refused(answer.status, body ?? { detail: strange(answer) });
  }
}

function strange(answer) {
  if (answer.type === "opaqueredirect" || answer.status === 403) return "You are logged out. Log in in another tab, then go on here.";
  return `The server could not do that (${answer.status}). What you did is still on this page.`;
}
