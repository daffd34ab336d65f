// One page at a time: its picture with the word boxes, and its text.

const BANDS = [
  { name: 'sure', label: 'Sure', range: '≥ 90 %', from: 0.9 },
  { name: 'fair', label: 'Fair', range: '70–90 %', from: 0.7 },
  { name: 'uncertain', label: 'Uncertain', range: '< 70 %', from: 0 },
];
const bandOf = (confidence) => BANDS.find((band) => confidence >= band.from) ?? BANDS.at(-1);
const STEP = 1.25;
const POINT = 'Point at a word to see how sure the reader is.';
const DRAWN = 'Browsers have no picture of this page; the words are drawn where they were found.';

const viewer = { item: null, index: 0, words: [], zoom: 1, current: -1 };

function show(item, index = 0) {
  if (viewer.item !== item) viewer.zoom = 1;
  Object.assign(viewer, { item, index, current: -1 });
  const { pages } = item.result;
  const page = pages[index];
  $('viewer').hidden = false;
  $('viewer-title').textContent = item.name;
  $('pages').hidden = pages.length < 2;
  $('page').replaceChildren(
    ...pages.map(({ page: number }, at) =>
      element('option', { value: at, textContent: `Page ${number} of ${pages.length}`, selected: at === index })),
  );
  $('previous').disabled = index === 0;
  $('next').disabled = index === pages.length - 1;
  viewer.words = page ? [...wordsOf(page)] : [];
  drawSheet(page);
  drawLegend();
  drawPreparation(page);
  drawText(page);
  drawContent(page ?? {});
  $('uncertain').disabled = !viewer.words.some(({ band }) => band.name !== 'sure');
  point(-1);
}

/** Every word of a page with its line, in reading order. */
function* wordsOf(page) {
  let index = 0;
  for (const block of page.blocks)
    for (const paragraph of block.paragraphs)
      for (const line of paragraph.lines)
        for (const word of line.words) yield { ...word, line, band: bandOf(word.confidence), index: index++ };
}

function drawSheet(page) {
  const { item } = viewer;
  const picture = $('picture');
  const overlay = $('overlay');
  $('sheet').dataset.mode = 'picture';
  // Only a file of one page can be a picture that the browser shows; the size tells whether it is this page.
  const matches = () => Math.abs(picture.naturalWidth / picture.naturalHeight - page.width / page.height) < 0.01;
  const drawInstead = () => {
    $('sheet').dataset.mode = 'drawn';
    picture.removeAttribute('src');
    overlay.querySelector('.letters').replaceChildren(...viewer.words.map(letters));
    point(viewer.current);
  };
  picture.onload = () => matches() || drawInstead();
  picture.onerror = drawInstead;
  const mean = viewer.words.length ? `, mean confidence ${percent(page.confidence)}` : '';
  overlay.setAttribute('aria-label', `Page ${page.page}: ${plural(viewer.words.length, 'word')} found${mean}`);
  overlay.setAttribute('viewBox', `0 0 ${page.width} ${page.height}`);
  const boxes = drawn('g', { class: 'boxes' }, ...viewer.words.map(box));
  overlay.replaceChildren(hatching(page), drawn('g', { class: 'letters' }), boxes, drawn('g', { class: 'blocks' }, ...page.blocks.map(numbered)));
  $('sheet').style.aspectRatio = `${page.width} / ${page.height}`;
  $('sheet').style.setProperty('--ratio', page.width / page.height);
  if (item.result.pages.length === 1) picture.src = item.url ??= URL.createObjectURL(item.file);
  else drawInstead();
  zoomTo(viewer.zoom);
}

/** The pattern that marks uncertain words for those who cannot tell the colours apart. */
function hatching(page) {
  const size = Math.max(page.width, page.height) / 160;
  return drawn('defs', {}, drawn('pattern', { id: 'hatch', width: size, height: size, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)' },
    drawn('rect', { width: size / 3, height: size, class: 'hatch' })));
}

function box({ bbox: [x0, y0, x1, y1], band, index }) {
  return drawn('rect', { x: x0, y: y0, width: x1 - x0, height: y1 - y0, class: band.name, 'data-word': index });
}

/** The box of a block with its number in reading order. */
function numbered({ bbox: [x0, y0, x1, y1] }, index) {
  const { width, height } = $('overlay').viewBox.baseVal;
  const size = Math.max(width, height) / 50;
  const number = String(index + 1);
  const wide = size * (0.5 + 0.6 * number.length);
  return drawn('g', {}, drawn('rect', { x: x0, y: y0, width: x1 - x0, height: y1 - y0 }),
    drawn('rect', { x: x0, y: y0, width: wide, height: size * 1.2, class: 'badge' }),
    drawn('text', { x: x0 + wide / 2, y: y0 + size * 0.95, 'font-size': size, 'text-anchor': 'middle' }, number));
}

/** A word as letters at its place, for pages that the browser has no picture of. */
function letters({ text, bbox: [x0, y0, x1, y1], line }) {
  const [bx0, by0, bx1, by1] = line.baseline;
  const angle = Math.atan2(by1 - by0, bx1 - bx0);
  const upright = Math.abs(Math.sin(angle)) > Math.SQRT1_2;
  const along = (upright ? y1 - y0 : x1 - x0) / Math.max(Math.abs(Math.cos(angle)), Math.abs(Math.sin(angle)));
  const slope = upright ? (bx1 - bx0) / (by1 - by0 || 1) : (by1 - by0) / (bx1 - bx0 || 1);
  const backwards = upright ? by1 < by0 : bx1 < bx0;
  const x = upright ? bx0 + slope * ((backwards ? y1 : y0) - by0) : backwards ? x1 : x0;
  const y = upright ? (backwards ? y1 : y0) : by0 + slope * ((backwards ? x1 : x0) - bx0);
  return drawn('text', {
    x, y, 'font-size': line.height * 0.82, textLength: Math.max(along, 1), lengthAdjust: 'spacingAndGlyphs',
    transform: `rotate(${(angle * 180) / Math.PI} ${x} ${y})`,
  }, text);
}

function drawLegend() {
  for (const band of BANDS) {
    const count = viewer.words.filter((word) => word.band === band).length;
    const id = `show-${band.name}`;
    const known = $(id);
    if (known) {
      known.parentElement.querySelector('.count').textContent = count;
      continue;
    }
    const toggle = element('input', { type: 'checkbox', id, checked: true });
    toggle.onchange = () => $('sheet').classList.toggle(`without-${band.name}`, !toggle.checked);
    $('legend').append(
      element('label', { title: `Confidence ${band.range}` }, toggle,
        drawn('svg', { class: 'key', viewBox: '0 0 24 16', 'aria-hidden': 'true' }, drawn('rect', { x: 1.5, y: 1.5, width: 21, height: 13, class: band.name })),
        element('span', { textContent: `${band.label} ` }), element('span', { className: 'range', textContent: band.range }),
        ' ', element('span', { className: 'count', textContent: count })),
    );
  }
}

const STEPS = {
  color: 'channel with the best contrast', margins: 'margins added', invert: 'light text made dark', contrast: 'contrast raised',
  background: 'paper evened out', border: 'edges removed', orient: 'turned upright',
  surroundings: 'surroundings removed', scale: 'letters resized', dewarp: 'curved lines straightened', deskew: 'skew removed', soften: 'grain softened',
};

/** What was done to the page before it was read. */
function drawPreparation({ preparation = [] }) {
  const steps = preparation.map((step) => STEPS[step] ?? step);
  $('preparation').textContent = steps.length ? `Prepared: ${steps.join(', ')}` : 'Read as it is';
}

function drawText(page) {
  const paragraphs = [];
  let index = 0;
  for (const block of page.blocks)
    for (const paragraph of block.paragraphs) {
      const made = element('p', { dir: 'auto' });
      for (const line of paragraph.lines) {
        for (const word of line.words) {
          made.append(element('span', { className: `word ${viewer.words[index].band.name}`, textContent: word.text, data: { word: index } }), ' ');
          index += 1;
        }
        made.append('\n');
      }
      paragraphs.push(made);
    }
  $('reading').replaceChildren(...(paragraphs.length ? paragraphs : [element('p', { className: 'empty', textContent: 'No text was found on this page.' })]));
}

/** Mark one word in both panes; -1 marks none. */
function point(index, { scroll = false } = {}) {
  for (const marked of document.querySelectorAll('.pointed')) marked.classList.remove('pointed');
  viewer.current = index;
  const word = viewer.words[index];
  $('pointed').textContent = word
    ? `“${word.text}”: ${percent(word.confidence)}, ${word.band.label.toLowerCase()}`
    : $('sheet').dataset.mode === 'drawn' ? DRAWN : POINT;
  if (!word) return;
  for (const marked of document.querySelectorAll(`#viewer [data-word="${index}"]`)) {
    marked.classList.add('pointed');
    if (scroll) marked.scrollIntoView({ block: 'center', inline: 'nearest', behavior: calm.matches ? 'auto' : 'smooth' });
  }
}

const calm = matchMedia('(prefers-reduced-motion: reduce)');

function nextUncertain() {
  const { words, current } = viewer;
  const uncertain = words.filter(({ band }) => band.name !== 'sure');
  const word = uncertain.find(({ index }) => index > current) ?? uncertain[0];
  if (!word) return;
  point(word.index, { scroll: true });
  announce(`${word.text}, confidence ${percent(word.confidence)}, ${uncertain.indexOf(word) + 1} of ${uncertain.length}`);
}

function zoomTo(zoom) {
  viewer.zoom = Math.min(8, Math.max(0.25, zoom));
  $('sheet').style.setProperty('--zoom', viewer.zoom);
}

function turnTo(index) {
  show(viewer.item, index);
  announce($('overlay').getAttribute('aria-label'));
}

$('previous').onclick = () => turnTo(viewer.index - 1);
$('next').onclick = () => turnTo(viewer.index + 1);
$('page').onchange = (event) => turnTo(Number(event.target.value));
$('smaller').onclick = () => zoomTo(viewer.zoom / STEP);
$('larger').onclick = () => zoomTo(viewer.zoom * STEP);
$('fit').onclick = () => zoomTo(1);
$('uncertain').onclick = nextUncertain;
$('order').onchange = () => $('sheet').classList.toggle('with-order', $('order').checked);
for (const pane of ['overlay', 'reading']) {
  const found = (event) => event.target.closest?.('[data-word]')?.dataset.word;
  $(pane).addEventListener('pointerover', (event) => found(event) !== undefined && point(Number(found(event))));
  $(pane).addEventListener('click', (event) =>
    found(event) !== undefined && getSelection().isCollapsed && point(Number(found(event)), { scroll: true }));
}
