// Tables and fields of a page, as the service found them.

/** Show the tables and the fields of a page; nothing where it has none. */
function drawContent({ tables = [], fields = [] }) {
  $('content').replaceChildren(...tables.map(tableSection), ...(fields.length ? [fieldSection(fields)] : []));
  $('content').hidden = !tables.length && !fields.length;
}

function tableSection(table, index) {
  const name = `Table ${index + 1}`;
  const rows = rowsOf(table).map((row) =>
    element('tr', {}, ...row.filter(Boolean).map(({ text, row_span: down, column_span: across }) =>
      element('td', { rowSpan: down, colSpan: across, dir: 'auto', textContent: text }))));
  const size = `${plural(table.rows, 'row')}, ${plural(table.columns, 'column')}`;
  return contentSection(name, size, rows, () => csvOf(textsOf(table)));
}

function fieldSection(fields) {
  const rows = fields.map(({ label, value }) =>
    element('tr', {}, element('th', { scope: 'row', dir: 'auto', textContent: label }), element('td', { dir: 'auto', textContent: value })));
  return contentSection('Fields', plural(fields.length, 'field'), rows, () => csvOf(fields.map(({ label, value }) => [label, value])));
}

/** A table with its caption, and buttons for its rows as comma-separated values. */
function contentSection(name, size, rows, csv) {
  const copy = element('button', { type: 'button', textContent: 'Copy CSV', 'aria-label': `Copy ${name} as CSV` });
  const keep = element('button', { type: 'button', textContent: 'Save CSV', 'aria-label': `Save ${name} as CSV` });
  const table = element('table', {}, element('caption', { textContent: `${name}: ${size}` }), element('tbody', {}, ...rows));
  copy.onclick = () => copyText(csv(), copy, { what: `${name} copied`, otherwise: table });
  keep.onclick = () => {
    save(csv(), 'text/csv', `${stem(viewer.item.name)}.${name.toLowerCase().replace(' ', '-')}.csv`);
    announce(`${name} saved`);
  };
  return element('section', { 'aria-label': name }, table, element('div', { className: 'group' }, copy, keep));
}

/** Cells by row and column; an empty cell where none was found, undefined where another one spans. */
function rowsOf({ rows, columns, cells }) {
  const grid = Array.from({ length: rows }, () => Array.from({ length: columns }, () => ({ text: '', row_span: 1, column_span: 1 })));
  for (const cell of cells)
    for (let row = cell.row; row < cell.row + cell.row_span; row += 1)
      for (let column = cell.column; column < cell.column + cell.column_span; column += 1)
        grid[row][column] = row === cell.row && column === cell.column ? cell : undefined;
  return grid;
}

const textsOf = (table) => rowsOf(table).map((row) => row.map((cell) => cell?.text ?? ''));

/** Comma-separated values as RFC 4180 has them. */
const csvOf = (rows) => rows.map((row) => `${row.map(quoted).join(',')}\r\n`).join('');
const quoted = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
