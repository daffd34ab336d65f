// Files come in, are read a few at a time, and go to the viewer.

const AT_ONCE = 2;
const DOWNLOADS = [
  { label: 'Text', output: 'text', extension: 'txt', type: 'text/plain' },
  { label: 'PDF', output: 'pdf', extension: 'pdf', type: 'application/pdf' },
  { label: 'hOCR', output: 'hocr', extension: 'hocr.html', type: 'text/html' },
  { label: 'ALTO', output: 'alto', extension: 'alto.xml', type: 'application/xml' },
  { label: 'Markdown', output: 'markdown', extension: 'md', type: 'text/markdown' },
  { label: 'Tables', output: 'csv', extension: 'csv', type: 'text/csv' },
  { label: 'JSON', output: 'words', extension: 'json', type: 'application/json' },
];

const items = [];

// Files

function add(files) {
  for (const file of files) {
    const item = { name: file.name || 'pasted image', file, state: 'waiting' };
    item.row = row(item);
    items.push(item);
    $('files').append(item.row.li);
    update(item);
  }
  if (files.length) {
    document.body.classList.add('has-files');
    announce(`${plural(files.length, 'file')} added`);
  }
  pump();
}

function row(item) {
  const open = element('button', { type: 'button', className: 'open', onclick: () => select(item) });
  const stop = element('button', { type: 'button', className: 'icon', onclick: () => dismiss(item) });
  const again = element('button', { type: 'button', className: 'retry', textContent: 'Retry', 'aria-label': `Read ${item.name} again`, onclick: () => queue(item) });
  const name = element('span', { className: 'name', textContent: item.name });
  const state = element('span', { className: 'state' });
  const bar = element('progress', { max: 1 });
  open.append(name, state);
  return { li: element('li', {}, open, again, stop, bar), open, again, stop, state, bar };
}

function update(item) {
  const { li, open, again, stop, state, bar } = item.row;
  const { result } = item;
  const busy = item.state === 'sending' || item.state === 'reading';
  li.dataset.state = item.state;
  state.textContent = {
    waiting: () => 'Waiting',
    sending: () => `Sending ${percent(item.sent ?? 0)}`,
    reading: () => item.notice ?? 'Reading…',
    failed: () => item.error,
    done: () =>
      `${plural(result.pages.length, 'page')}${result.embedded ? ` (${result.embedded} with text)` : ''}, ${plural(result.count, 'word')}` +
      `${result.count ? `, ${percent(result.confidence)} sure` : ''}, ${item.seconds.toFixed(1)} s`,
  }[item.state]();
  open.disabled = item.state !== 'done';
  open.setAttribute('aria-current', String(viewer.item === item && item.state === 'done'));
  again.hidden = item.state !== 'failed';
  stop.textContent = '×';
  stop.setAttribute('aria-label', `${busy ? 'Cancel' : 'Remove'} ${item.name}`);
  bar.hidden = !busy;
  bar.setAttribute('aria-label', `${item.name}: ${state.textContent}`);
  if (item.state === 'sending') bar.value = item.sent ?? 0;
  else bar.removeAttribute('value');
}

/** Read a file once more, with the options as they are now. */
function queue(item) {
  item.abort?.abort();
  item.state = 'waiting';
  update(item);
  pump();
}

function select(item) {
  show(item);
  items.forEach(update);
}

function dismiss(item) {
  item.abort?.abort();
  if (item.url) URL.revokeObjectURL(item.url);
  items.splice(items.indexOf(item), 1);
  item.row.li.remove();
  announce(`${item.name} removed`);
  if (viewer.item === item) {
    const next = items.find(({ state }) => state === 'done');
    if (next) select(next);
    else {
      viewer.item = null;
      $('viewer').hidden = true;
    }
  }
  if (!items.length) document.body.classList.remove('has-files');
  (items[0]?.row.stop ?? $('picker')).focus();
  pump();
}

function pump() {
  const busy = items.filter(({ state }) => state === 'sending' || state === 'reading').length;
  items.filter(({ state }) => state === 'waiting').slice(0, AT_ONCE - busy).forEach(read);
}

async function read(item) {
  const started = performance.now();
  item.abort = new AbortController();
  item.options = options();
  Object.assign(item, { state: 'sending', sent: 0, error: undefined, notice: undefined, made: {} });
  update(item);
  try {
    checkSize(item.file);
    const outputs = await ocr(item.file, ['text', 'words', 'confidence', 'tables', 'fields'], item.options, {
      signal: item.abort.signal,
      onsent: (share) => {
        Object.assign(item, { sent: share, state: share < 1 ? 'sending' : 'reading', notice: undefined });
        update(item);
      },
      onwait: (notice) => {
        Object.assign(item, { state: 'reading', notice });
        update(item);
      },
    });
    item.result = resultOf(outputs);
    item.seconds = (performance.now() - started) / 1000;
    item.state = 'done';
    announce(`${item.name}: ${plural(item.result.pages.length, 'page')}, ${plural(item.result.count, 'word')} read`);
    if (!viewer.item || viewer.item === item) show(item);
  } catch (error) {
    if (error.name === 'AbortError') return;
    item.state = 'failed';
    item.error = error instanceof Refusal ? error.message : 'The answer could not be understood. Read again, or tell the operator.';
    announce(`${item.name}: ${item.error}`);
    if (!(error instanceof Refusal)) console.error(error);
  } finally {
    items.forEach(update);
    pump();
  }
}

function checkSize(file) {
  const most = limits.max_bytes;
  if (most && file.size > most)
    throw new Refusal(`The file has ${Math.ceil(file.size / 1e6)} MB; the service takes ${Math.floor(most / 1e6)} MB at once. Split it.`);
}

function resultOf({ text, words, confidence, tables, fields }) {
  const { pages } = JSON.parse(words);
  for (const json of [tables, fields])
    if (json) for (const found of JSON.parse(json).pages) Object.assign(pages.find(({ page }) => page === found.page) ?? {}, found);
  const count = pages.reduce((sum, page) => sum + [...wordsOf(page)].length, 0);
  const embedded = pages.filter(({ source }) => source && source !== 'ocr').length;
  return { text, words, pages, texts: text.split('\f'), confidence, count, embedded };
}

// Copy and download

function copy() {
  const { item, index } = viewer;
  return copyText(item.result.texts[index] ?? item.result.text, $('copy'), { what: 'Text of the page copied', otherwise: $('reading') });
}

/** Copy a text; where the browser does not let the page, select an element that shows it. */
async function copyText(text, button, { what, otherwise }) {
  try {
    await navigator.clipboard.writeText(text);
    announce(what);
    flash(button, 'Copied');
  } catch {
    getSelection().selectAllChildren(otherwise);
    announce('The browser does not let the page copy. The text is selected: press Control C.');
    flash(button, 'Press Ctrl+C');
  }
}

const stem = (name) => name.replace(/\.[^.]*$/, '');

/** Let the browser save a content as a file. */
function save(content, type, name) {
  const url = URL.createObjectURL(new Blob([content], { type }));
  element('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

function flash(button, text) {
  const { label } = (button.dataset.label ??= button.textContent, button.dataset);
  button.textContent = text;
  clearTimeout(button.timer);
  button.timer = setTimeout(() => { button.textContent = label; }, 1600);
}

async function download({ output, extension, type, label }, button) {
  const { item } = viewer;
  button.disabled = true;
  button.setAttribute('aria-busy', 'true');
  announce(`Making ${label}`);
  try {
    const wanted = { ...item.options, ...(output === 'pdf' && pdfOptions()) };
    const key = `${output} ${JSON.stringify(wanted)}`;
    const known = item.made[key] ?? item.result[output] ?? (await ocr(item.file, [output], wanted))[output];
    item.made[key] = known;
    save(output === 'pdf' ? bytesOf(known) : known, type, `${stem(item.name)}.${extension}`);
    announce(`${label} saved`);
  } catch (error) {
    $('pointed').textContent = error.message;
    announce(error.message);
  } finally {
    button.disabled = false;
    button.removeAttribute('aria-busy');
  }
}

const bytesOf = (base64) => Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));

/** A page drawn here, to see the service at work without a file at hand. */
function sample() {
  const canvas = element('canvas', { width: 1240, height: 900 });
  const pen = canvas.getContext('2d');
  pen.fillStyle = '#fff';
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.fillStyle = '#1b1b1b';
  pen.font = 'bold 64px serif';
  pen.fillText('A page to begin with', 120, 170);
  pen.font = '34px serif';
  const lines = [
    'Every word that is found gets a box. Its colour and its',
    'line tell how sure the reader is. The text beside the page',
    'can be selected, copied and saved: as plain text, as hOCR',
    'or ALTO for archives, or as a PDF that can be searched.',
  ];
  lines.forEach((line, at) => pen.fillText(line, 120, 270 + 60 * at));
  pen.font = 'italic 34px serif';
  pen.fillStyle = '#555';
  pen.fillText('Slanted words are harder, and codes are the hardest:', 120, 570);
  pen.font = '26px monospace';
  pen.fillText('Nº 0O1lI5S-8B | rn m cl d vv w', 120, 650);
  canvas.toBlob((blob) => add([new File([blob], 'sample.png', { type: 'image/png' })]), 'image/png');
}

// Ways in

$('picker').onchange = (event) => {
  add([...event.target.files]);
  event.target.value = '';
};
$('sample').onclick = sample;
$('copy').onclick = copy;
$('again').onclick = () => queue(viewer.item);
$('options').onsubmit = (event) => event.preventDefault();
$('language-list').addEventListener('input', nameChosen);
$('downloads').append(
  ...DOWNLOADS.map((kind) => {
    const button = element('button', { type: 'button', textContent: kind.label, 'aria-label': `Download ${kind.label}` });
    button.onclick = () => download(kind, button);
    return button;
  }),
);
document.addEventListener('paste', (event) => event.clipboardData?.files.length && add([...event.clipboardData.files]));
document.addEventListener('dragover', (event) => {
  event.preventDefault();
  document.body.classList.add('dragging');
});
document.addEventListener('dragleave', (event) => event.relatedTarget || document.body.classList.remove('dragging'));
document.addEventListener('drop', (event) => {
  event.preventDefault();
  document.body.classList.remove('dragging');
  add([...(event.dataTransfer?.files ?? [])]);
});
for (const menu of [$('languages'), $('pdf-options'), $('more-options')]) {
  document.addEventListener('click', ({ target }) => menu.contains(target) || (menu.open = false));
  menu.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    menu.open = false;
    menu.querySelector('summary').focus();
  });
}

fillOptions({});
fillOptions(await describe());
