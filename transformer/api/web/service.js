// The service: what it offers, and how a file is sent to it.

const MODEL = document.querySelector('meta[name="ocr-model"]').content;
const ATTEMPTS = 6;

class Refusal extends Error {}

/** The model's parameters (languages, modes, limits); an empty object when the service does not tell. */
async function describe() {
  try {
    const answer = await fetch(new URL(`../v2/models/${encodeURIComponent(MODEL)}`, location));
    const found = answer.ok ? await answer.json() : {};
    return found.parameters ?? found.properties ?? {};
  } catch {
    return {};
  }
}

/**
 * Outputs of one file by name. While the service is busy or starting it is asked again after the time that it names.
 * Throws Refusal with a sentence for people; AbortError when `signal` says so.
 */
async function ocr(file, outputs, options, { signal, onsent = () => {}, onwait = () => {} } = {}) {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await send(file, outputs, options, { signal, onsent });
    if (answer.status === 200) return byName(answer.body);
    const seconds = Number(answer.retryAfter);
    if (answer.status !== 503 || attempt === ATTEMPTS) throw new Refusal(sentence(answer));
    onwait(sentence(answer));
    await pause((seconds || 2) * 1000, signal);
  }
}

// fetch cannot tell how much has been sent, so this is an XMLHttpRequest.
function send(file, outputs, options, { signal, onsent }) {
  const url = new URL('ocr', location);
  const form = new FormData();
  for (const [name, value] of Object.entries({ ...options, outputs: outputs.join(',') }))
    if (SECRETS.includes(name)) form.append(name, value);
    else url.searchParams.set(name, value);
  form.append('image_file', file, file.name);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    request.open('POST', url);
    request.setRequestHeader('Accept', 'application/json');
    request.upload.onprogress = (event) => event.lengthComputable && onsent(event.loaded / event.total);
    request.onload = () =>
      resolve({ status: request.status, body: request.responseText, retryAfter: request.getResponseHeader('Retry-After') });
    request.onerror = () => reject(new Refusal('The service cannot be reached. Check the connection, then read again.'));
    request.onabort = () => reject(new DOMException('cancelled', 'AbortError'));
    request.onloadend = () => signal?.removeEventListener('abort', abort);
    signal?.addEventListener('abort', abort);
    request.send(form);
  });
}

function byName(body) {
  const { outputs } = JSON.parse(body);
  return Object.fromEntries(outputs.map(({ name, data }) => [name === 'output-0' ? 'text' : name, data[0]]));
}

function sentence({ status, body }) {
  try {
    const { error } = JSON.parse(body);
    if (error) return error.charAt(0).toUpperCase() + error.slice(1) + (/[.!?]$/.test(error) ? '' : '.');
  } catch {
    // Something between here and the service has answered in its own words.
  }
  return `The service answered ${status}. Try again in a moment.`;
}

function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(new DOMException('cancelled', 'AbortError'));
    });
  });
}
