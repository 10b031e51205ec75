// An evaluation. The value is {sentence, ...}, with the report of digits.evaluation in it once there is one.
const find = (selector) => element.querySelector(selector);
const percent = (share, digits = 2) => (share * 100).toFixed(digits) + '%';
let cell = null;   // [label, digit] of the chosen cell of the matrix

function node(tag, text, attributes = {}) {
  const made = document.createElement(tag);
  made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

function rows(body, lines) {
  body.replaceChildren(...lines.map((line) => {
    const row = document.createElement('tr');
    row.append(...line.map((text) => node('td', text)));
    return row;
  }));
}

function showMatrix(report) {
  const matrix = find('.matrix');
  matrix.replaceChildren(node('span', ''));
  for (let digit = 0; digit < 10; digit++) matrix.append(node('span', digit));
  const worst = Math.max(1, ...report.confusion.flatMap((row, label) => row.filter((_, digit) => digit !== label)));
  report.confusion.forEach((row, label) => {
    matrix.append(node('span', label));
    row.forEach((count, digit) => {
      const right = digit === label, total = Math.max(1, report.per_class[label].count);
      const depth = right ? count / total * 55 : count ? 18 + count / worst * 62 : 0;   // mistakes on a scale of their own
      const button = node('button', count || '', {
        type: 'button', style: '--depth:' + depth.toFixed(1) + ';--cell:' + (right ? 'var(--color-accent)' : '#ef4444'),
        'aria-label': count + ' of digit ' + label + ' read as ' + digit, 'aria-pressed': 'false',
      });
      button.disabled = right || !count;
      button.addEventListener('click', () => {
        cell = cell && cell[0] === label && cell[1] === digit ? null : [label, digit];
        for (const other of matrix.querySelectorAll('[aria-pressed="true"]')) other.setAttribute('aria-pressed', 'false');
        if (cell) button.setAttribute('aria-pressed', 'true');
        showGallery(report);
      });
      matrix.append(button);
    });
  });
}

function showGallery(report) {
  const shown = report.mistakes.map((mistake, i) => [mistake, i]).filter(([mistake]) => !cell || (mistake.label === cell[0] && mistake.digit === cell[1]));
  const count = report.wrong > report.mistakes.length ? 'the ' + report.mistakes.length + ' worst of ' + report.wrong.toLocaleString('en') : report.wrong;
  find('.galleryname').textContent = cell ? 'Mistakes: ' + cell[0] + ' read as ' + cell[1] + ' (' + shown.length + ')' : report.wrong ? 'Mistakes, worst first (' + count + ')' : 'No mistakes at all';
  find('.gallery').replaceChildren(...shown.map(([mistake, i]) => {
    const box = node('div', '', { class: 'mistake' }), picture = node('i', '', { role: 'img', 'aria-label': 'Example ' + mistake.index });
    picture.style.backgroundImage = 'url(' + report.sprite + ')';
    picture.style.backgroundPosition = -(i % 20) * 84 + 'px ' + -Math.floor(i / 20) * 84 + 'px';
    const was = node('span', 'was '), read = node('span', 'read ');
    was.append(node('b', mistake.label), ', ');
    read.append(node('b', mistake.digit), ' ' + percent(mistake.probability, 0));
    box.append(picture, was, read);
    return box;
  }));
}

function show() {
  const report = props.value;
  if (!report || !report.sentence) return;
  const headline = find('.headline');
  headline.classList.toggle('trouble', Boolean(report.trouble));
  headline.textContent = report.sentence;
  find('.results').hidden = !report.confusion;
  if (!report.confusion) return;
  headline.prepend(node('strong', percent(report.accuracy)), ' ');
  cell = null;
  showMatrix(report);
  rows(find('.scores tbody'), report.per_class.map((each) => [each.digit, percent(each.precision), percent(each.recall), percent(each.f1), each.count.toLocaleString('en')]));
  const sets = Object.entries(report.by_set || {});
  find('.sets').hidden = !sets.length;
  rows(find('.sets tbody'), sets.map(([name, each]) => [name || 'unnamed', percent(each.accuracy), each.interval.map((share) => percent(share)).join(' to '), each.n.toLocaleString('en')]));
  showGallery(report);
}

watch('value', show);
show();
