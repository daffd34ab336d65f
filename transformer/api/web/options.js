// How to read: fields for what the model offers, and what was chosen in them.

const LAYOUTS = {
  3: 'Automatic', 1: 'Automatic, any orientation', 4: 'One column', 6: 'One block', 11: 'Scattered text',
  12: 'Scattered text, any orientation', 7: 'One line', 8: 'One word', 10: 'One character', 13: 'One raw line',
  5: 'Vertical block', 9: 'Word in a circle',
};
const OWN_FIELDS = ['lang', 'psm', 'preprocess', 'orient'];
const SECRETS = ['password'];

let limits = {};

function options() {
  const chosen = [...document.querySelectorAll('#language-list input:checked')].map(({ value }) => value);
  const typed = $('lang')?.value.trim().replace(/[\s,+]+/g, '+');
  const lang = chosen.join('+') || typed;
  const psm = $('psm').value; // a chosen mode also fixes the order; 3 is what the service does by itself
  const { existing } = pdfOptions();
  return {
    ...(lang && { lang }), ...(psm !== '3' && { psm }), ...(existing !== 'skip' && { existing }),
    preprocess: $('preprocess').value, orient: $('orient').value, ...chosenIn('#more-list'),
  };
}

/** What was chosen for the searchable PDF, but for what the service does by itself. */
const pdfOptions = () => chosenIn('#pdf-options');

/** What was filled in inside an element, by name. */
function chosenIn(selector) {
  const fields = [...document.querySelectorAll(`${selector} [name]`)].map(({ name, value }) => [name, value.trim()]);
  return Object.fromEntries(fields.filter(([, value]) => value));
}

/** A field for a parameter, as its JSON schema describes it. */
function fieldOf(name, { type, enum: words, minimum, maximum, examples: [example] = [], description }) {
  const choices = type === 'boolean' ? ['true', 'false'] : words;
  const label = element('span', { textContent: name.replaceAll('_', ' ') });
  const kinds = { integer: { type: 'number', step: 1 }, number: { type: 'number', step: 0.01 }, string: { type: 'text' } };
  const field = choices
    ? element('select', { name }, ...['', ...choices].map((value) => element('option', { value, textContent: value || 'as usual' })))
    : element('input', {
      name, ...kinds[type], placeholder: example ?? '', spellcheck: false, autocomplete: 'off',
      ...(type !== 'string' && { min: minimum, max: maximum }), ...(SECRETS.includes(name) && { type: 'password' }),
    });
  return element('label', { title: description }, label, field);
}

/** Fields for all parameters of the model that have no field of their own. */
function fillMore(parameters) {
  const others = [...document.querySelectorAll('#pdf-options [name]')].map(({ name }) => name);
  const shown = Object.entries(parameters).filter(([name]) => ![...OWN_FIELDS, ...others].includes(name));
  $('more-list').replaceChildren(...shown.map(([name, schema]) => fieldOf(name, schema)));
  $('more-options').hidden = !shown.length;
}

const TAGS = { chi_sim: 'zh-Hans', chi_tra: 'zh-Hant', frk: 'de-Latf', 'srp_latn': 'sr-Latn', aze_cyrl: 'az-Cyrl', uzb_cyrl: 'uz-Cyrl' };

function languageName(model) {
  if (model.startsWith('script/')) return `${model.slice(7)} script`;
  const [base, ...rest] = model.split('_');
  try {
    const names = new Intl.DisplayNames('en', { type: 'language', fallback: 'none' });
    if (TAGS[model]) return names.of(TAGS[model]);
    const name = names.of(base);
    return name ? [name, rest.length && `(${rest.join(' ')})`].filter(Boolean).join(' ') : model;
  } catch {
    return model;
  }
}

function fillOptions({ languages = [], psm = [3], default_lang: usual = 'eng', parameters = {}, ...rest }) {
  limits = rest;
  fillMore(parameters);
  const models = languages.filter((model) => model !== 'osd');
  const first = usual.split('+');
  const named = models.map((model) => [model, languageName(model)]);
  named.sort(([a, one], [b, other]) => first.includes(b) - first.includes(a) || one.localeCompare(other));
  if (named.length)
    $('language-list').replaceChildren(
      ...named.map(([model, name]) =>
        element('label', {}, element('input', { type: 'checkbox', value: model, checked: first.includes(model) }),
          element('span', { textContent: name }), element('code', { textContent: model }))),
    );
  else
    $('language-list').replaceChildren(
      element('label', {}, element('span', { textContent: 'Tesseract models, joined by +' }),
        element('input', { type: 'text', id: 'lang', value: usual, spellcheck: false, autocapitalize: 'off' })));
  const layouts = Object.entries(LAYOUTS).filter(([mode]) => psm.includes(Number(mode)));
  layouts.sort(([a], [b]) => (b === '3') - (a === '3'));
  if (layouts.length)
    $('psm').replaceChildren(...layouts.map(([mode, label]) => element('option', { value: mode, textContent: label, selected: mode === '3' })));
  nameChosen();
}

function nameChosen() {
  const chosen = [...document.querySelectorAll('#language-list input:checked')].map(({ value }) => languageName(value));
  $('chosen').textContent = chosen.join(', ') || $('lang')?.value || 'as the service is set';
}
