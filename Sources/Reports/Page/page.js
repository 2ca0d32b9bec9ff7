// What only a script can do: theme, copying, search over the findings, one record, the map.
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const count = number => number.toLocaleString('en-US');
  const memory = {
    get: key => { try { return localStorage.getItem(key); } catch { return null; } },
    set: (key, value) => { try { localStorage.setItem(key, value); } catch { /* not from a file */ } },
  };

  // Theme
  const themes = ['auto', 'light', 'dark'];
  let theme = memory.get('assay-theme') || 'auto';
  const button = make('button', { type: 'button', id: 'theme', onclick: () => show(themes[(themes.indexOf(theme) + 1) % 3]) });
  function show(next) {
    theme = themes.includes(next) ? next : 'auto';
    if (theme === 'auto') document.documentElement.removeAttribute('data-theme');
    else document.documentElement.setAttribute('data-theme', theme);
    button.textContent = `Theme: ${theme}`;
    memory.set('assay-theme', theme);
  }
  show(theme);
  $('.top').append(button);

  // Copying
  for (const command of all('.command')) {
    const text = $('code', command).textContent;
    command.append(make('button', {
      type: 'button', text: 'Copy', 'aria-label': `Copy: ${text}`,
      onclick: async event => {
        const control = event.currentTarget;
        let done = true;
        try { await navigator.clipboard.writeText(text); } catch {
          const range = document.createRange();
          range.selectNodeContents($('code', command));
          getSelection().removeAllRanges();
          getSelection().addRange(range);
          done = document.execCommand('copy');
        }
        control.textContent = done ? 'Copied' : 'Selected';
        setTimeout(() => { control.textContent = 'Copy'; }, 1500);
      },
    }));
  }
  addEventListener('beforeprint', () => { for (const one of all('details.code')) one.open = true; });

  // Findings
  const store = JSON.parse($('#data').textContent);
  const findings = store.findings.map(([code, severity, role, row, score, message, column, span, group, related]) => ({
    code: store.codes[code], severity, role, row, score, message: store.messages[message], column, span, group, related,
  }));
  const keyOf = (role, row) => `${role}-${row}`;
  const byRecord = new Map();
  const byGroup = new Map();
  for (const finding of findings) {
    if (finding.row === null) continue;
    const key = keyOf(finding.role, finding.row);
    if (!byRecord.has(key)) byRecord.set(key, []);
    byRecord.get(key).push(finding);
    if (finding.group) {
      if (!byGroup.has(finding.group)) byGroup.set(finding.group, new Set());
      byGroup.get(finding.group).add(key);
      for (const row of finding.related) byGroup.get(finding.group).add(keyOf('data', row));
    }
  }
  const recordOf = key => store.records[key];
  const place = key => {
    const record = recordOf(key);
    const [role, row] = [key.slice(0, key.lastIndexOf('-')), Number(key.slice(key.lastIndexOf('-') + 1))];
    return record && record[0] !== null
      ? `${store.files[record[0]]} line ${record[1]}${record[1] === row + 1 ? '' : `, row ${row + 1}`}` : `${role} row ${row + 1}`;
  };
  const badge = severity => make('span', { class: `badge ${severity}`, text: severity });
  const marked = ([before, middle, after]) =>
    make('bdi', {}, shown(before), make('mark', { text: shown(middle) }), shown(after));

  const explorer = $('#explorer');
  if (explorer && findings.length) {
    const choice = (label, values) => {
      const select = make('select', {}, make('option', { value: '', text: 'all' }),
        ...values.map(([value, text]) => make('option', { value, text })));
      return [make('label', {}, label, select), select];
    };
    const unique = values => [...new Set(values)];
    const [strategyLabel, strategy] = choice('Strategy', unique(store.codes.map(code => code.strategy)).map(name => [name, name]));
    const tally = new Map();
    for (const finding of findings) tally.set(finding.code, (tally.get(finding.code) || 0) + 1);
    const [codeLabel, code] = choice('Kind', store.codes.map((one, index) => [String(index), `${one.code} ${one.title} (${count(tally.get(one) || 0)})`]));
    const [severityLabel, severity] = choice('Severity', ['high', 'medium', 'low', 'info'].map(name => [name, name]));
    const search = make('input', { type: 'search', autocomplete: 'off' });
    const status = make('p', { class: 'muted', role: 'status' });
    const list = make('ol', { class: 'hits' });
    const more = make('button', { type: 'button', text: 'Show more', onclick: () => grow(true) });
    explorer.append(
      make('form', { class: 'filters', role: 'search', onsubmit: event => event.preventDefault() },
        make('label', { class: 'grow' }, 'Search text, message or line', search), strategyLabel, codeLabel, severityLabel),
      status, list, more);
    explorer.hidden = false;

    const ranks = { high: 0, medium: 1, low: 2, info: 3 };
    const order = [...findings].sort((a, b) => ranks[a.severity] - ranks[b.severity] || a.code.rank - b.code.rank || b.score - a.score);
    const texts = new Map();
    const textOf = finding => {
      if (!texts.has(finding)) {
        const key = finding.row === null ? null : keyOf(finding.role, finding.row);
        const record = key && recordOf(key);
        texts.set(finding, [finding.message, finding.code.code, finding.code.name, finding.code.title, key ? place(key) : '',
          ...(finding.span || []), ...(record ? record[2].map(field => field[1]) : [])].join('\n').toLowerCase());
      }
      return texts.get(finding);
    };
    let hits = [];
    let length = 0;
    const item = finding => {
      const key = finding.row === null ? null : keyOf(finding.role, finding.row);
      const head = [badge(finding.severity), ' ', make('b', { text: finding.code.title }), ' ',
        make('span', { class: 'where' }, data(key ? place(key) : 'the dataset'))];
      const said = make('span', { class: 'said' }, data(finding.message));
      const record = key && recordOf(key);
      const seen = finding.span ? [make('span', { class: 'seen' }, marked(finding.span))]
        : record && record[2].length ? [make('span', { class: 'seen' }, data(record[2][0][1].slice(0, 160)))] : [];
      return make('li', {}, key
        ? make('button', { class: 'hit', type: 'button', onclick: () => { location.hash = `record-${key}`; } }, ...head, said, ...seen)
        : make('div', { class: 'hit' }, ...head, said));
    };
    function grow(isAsked) {
      const first = length;
      length = Math.min(hits.length, length + (isAsked ? 100 : 12));
      list.append(...hits.slice(first, length).map(item));
      more.hidden = length >= hits.length;
      if (isAsked) $('button', list.children[first])?.focus();
    }
    function filter() {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      hits = order.filter(finding =>
        (!strategy.value || finding.code.strategy === strategy.value)
        && (!code.value || finding.code === store.codes[Number(code.value)])
        && (!severity.value || finding.severity === severity.value)
        && words.every(word => textOf(finding).includes(word)));
      list.replaceChildren();
      length = 0;
      const part = $('#findings').dataset.all === 'true' ? '' : ' of those on this page; findings.jsonl has all';
      status.textContent = `${count(hits.length)} ${hits.length === 1 ? 'finding' : 'findings'}${part}`;
      grow(false);
    }
    let timer = 0;
    search.addEventListener('input', () => { clearTimeout(timer); timer = setTimeout(filter, 120); });
    for (const select of [strategy, code, severity]) select.addEventListener('change', filter);
    filter();
  }

  // One record
  const title = make('h2', { id: 'record-title' });
  const inside = make('div', { class: 'inside' });
  const dialog = make('dialog', { 'aria-labelledby': 'record-title' },
    make('div', { class: 'bar' }, title, make('button', { type: 'button', text: 'Close', onclick: () => dialog.close() })), inside);
  document.body.append(dialog);
  dialog.addEventListener('close', () => {
    if (location.hash.startsWith('#record-')) history.replaceState(null, '', location.pathname + location.search);
  });
  // Where the first of these spans lies in a text: it is known by what stands before it.
  const spanIn = (text, findings) => {
    for (const { span: [before, middle] } of findings) {
      const lead = before.replace(/^…/, '');
      const at = text.indexOf(lead + middle);
      if (at >= 0) return [at + lead.length, middle];
    }
    return [-1, ''];
  };
  const fields = (record, spans = []) => record[2].filter(field => isWorthShowing(field[0], record[2].map(other => other[0]))).flatMap(([column, text, bytes]) => {
    const [at, span] = spanIn(text, spans.filter(one => one.column === column));
    const body = at < 0 ? data(text) : marked([text.slice(0, at), span, text.slice(at + span.length)]);
    const rest = bytes > new TextEncoder().encode(text).length ? [make('span', { class: 'muted', text: ` … (${count(bytes)} bytes in all)` })] : [];
    return [make('h4', { text: columnName(column) }), make('div', { class: 'text' }, text ? body : make('span', { class: 'muted', text: 'empty' }), ...rest)];
  });
  function open(key) {
    const record = recordOf(key);
    const own = byRecord.get(key) || [];
    title.replaceChildren(data(place(key)));
    inside.replaceChildren();
    for (const finding of own) {
      inside.append(make('p', {}, badge(finding.severity), ' ', make('b', { text: `${finding.code.code} ${finding.code.title}` }), ' ', data(finding.message),
        ...(finding.span ? [make('span', { class: 'seen marked' }, ' ', marked(finding.span))] : []),
        ...(finding.code.about ? [make('span', { class: 'muted', text: ` ${finding.code.about}` })] : [])));
    }
    if (record) inside.append(...fields(record, own.filter(finding => finding.span)));
    else inside.append(make('p', { class: 'muted', text: 'Nothing was found in this record; its text is in the file.' }));
    const others = new Set();
    for (const finding of own) {
      for (const row of finding.related) others.add(keyOf('data', row));
      for (const other of byGroup.get(finding.group) || []) others.add(other);
    }
    others.delete(key);
    const known = [...others].filter(recordOf).slice(0, 8);
    if (known.length) {
      inside.append(make('h3', { text: 'Records that belong to it' }),
        make('ul', { class: 'beside' }, ...known.map(other => make('li', {},
          make('p', { class: 'place' }, make('a', { href: `#record-${other}` }, data(place(other)))), ...fields(recordOf(other))))));
    }
    if (!dialog.open) dialog.showModal();
    dialog.scrollTop = 0;
  }
  function follow() {
    const hash = location.hash.slice(1);
    if (/^record-[a-z]+-\d+$/.test(hash)) return open(hash.slice(7));
    if (dialog.open) dialog.close();
    const target = hash && document.getElementById(hash);
    if (target && target.tagName === 'DETAILS') { target.open = true; target.scrollIntoView(); }
  }
  addEventListener('hashchange', follow);
  follow();

  // The map
  const SVG = 'http://www.w3.org/2000/svg';
  const worst = row => (byRecord.get(keyOf('data', row)) || [])
    .map(finding => finding.code.title).sort()[0] || '';
  for (const map of all('[data-map]')) {
    const drawing = $('svg', map);
    const points = JSON.parse($('.points', map).textContent);
    const tip = make('div', { class: 'tip', role: 'status', hidden: '' });
    const ring = document.createElementNS(SVG, 'circle');
    ring.setAttribute('class', 'here');
    ring.setAttribute('r', '5');
    ring.setAttribute('visibility', 'hidden');
    drawing.append(ring);
    map.append(tip);
    const modes = { group: point => point[4], finding: point => point[3] === null ? '' : worst(point[3]), source: point => point[5] };
    const names = { group: map.dataset.map || 'group', finding: 'finding', source: 'file' };
    const legend = $('.legend', map);
    const select = make('select', {}, ...Object.keys(modes).filter(mode => points.some(modes[mode])).map(mode => make('option', { value: mode, text: names[mode] })));
    const number = value => String(Math.round(value * 100) / 100);
    const colour = () => {
      const of = modes[select.value];
      const tally = new Map();
      for (const point of points) tally.set(of(point), (tally.get(of(point)) || 0) + 1);
      const order = [...tally].filter(one => one[0]).sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(one => one[0]);
      const paths = Array(10).fill('');
      for (const point of points) {
        const index = order.indexOf(of(point));
        paths[index < 0 || index > 8 ? 9 : index] += `M${number(point[0])} ${number(point[1])}h0`;
      }
      for (const old of all('.dots', drawing)) old.remove();
      // The grey ones lie below.
      for (const index of [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]) {
        if (!paths[index]) continue;
        const path = document.createElementNS(SVG, 'path');
        path.setAttribute('class', `dots c${index}`);
        path.setAttribute('d', paths[index]);
        drawing.insertBefore(path, ring);
      }
      legend.replaceChildren(...order.slice(0, 9).map((name, index) =>
        make('li', {}, make('i', { class: `swatch c${index}` }), data(name), ` ${count(tally.get(name))}`)));
      const rest = points.length - order.slice(0, 9).reduce((sum, name) => sum + tally.get(name), 0);
      if (rest) legend.append(make('li', {}, make('i', { class: 'swatch c9' }), `${select.value === 'finding' ? 'nothing found or another' : 'others'} ${count(rest)}`));
    };
    if (select.options.length) {
      map.prepend(make('div', { class: 'tools' }, make('label', {}, 'Coloured by ', select)));
      select.addEventListener('change', colour);
      colour();
    }
    let current = -1;
    const point = (index) => {
      current = index;
      const one = points[index];
      ring.setAttribute('visibility', 'visible');
      ring.setAttribute('cx', one[0]);
      ring.setAttribute('cy', one[1]);
      const key = one[3] === null ? null : keyOf('data', one[3]);
      tip.replaceChildren(data(one[2]), ...(key ? [make('br'), make('small', {}, data(place(key)))] : []),
        ...(one[4] ? [make('br'), make('small', {}, data(one[4]))] : []));
      tip.hidden = false;
      const box = drawing.getBoundingClientRect();
      const outer = map.getBoundingClientRect();
      const scale = box.width / 400;
      tip.style.top = `${box.top - outer.top + one[1] * scale + 12}px`;
      tip.style.left = `${Math.max(0, Math.min(box.width - tip.offsetWidth, one[0] * scale - tip.offsetWidth / 2))}px`;
    };
    const nearest = (x, y, within) => {
      let [best, least] = [-1, within];
      points.forEach((one, index) => {
        const distance = Math.hypot(one[0] - x, one[1] - y);
        if (distance < least) [best, least] = [index, distance];
      });
      return best;
    };
    const hide = () => { tip.hidden = true; ring.setAttribute('visibility', 'hidden'); };
    const choose = () => { if (current >= 0 && points[current][3] !== null) location.hash = `record-data-${points[current][3]}`; };
    drawing.setAttribute('tabindex', '0');
    drawing.addEventListener('pointermove', event => {
      const box = drawing.getBoundingClientRect();
      const scale = 400 / box.width;
      const index = nearest((event.clientX - box.left) * scale, (event.clientY - box.top) * scale, 14);
      if (index < 0) hide(); else point(index);
    });
    drawing.addEventListener('pointerleave', hide);
    drawing.addEventListener('blur', hide);
    drawing.addEventListener('click', event => {
      const box = drawing.getBoundingClientRect();
      const scale = 400 / box.width;
      const index = nearest((event.clientX - box.left) * scale, (event.clientY - box.top) * scale, 14);
      if (index < 0) return;
      point(index);
      choose();
    });
    // Arrow keys go to the nearest point in their direction.
    drawing.addEventListener('keydown', event => {
      const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (event.key === 'Enter') return choose();
      if (!way) return;
      event.preventDefault();
      if (current < 0) return point(nearest(200, 150, Infinity));
      const [x, y] = points[current];
      let [best, least] = [-1, Infinity];
      points.forEach((one, index) => {
        const along = (one[0] - x) * way[0] + (one[1] - y) * way[1];
        const across = Math.abs((one[0] - x) * way[1]) + Math.abs((one[1] - y) * way[0]);
        if (along > 0.5 && along + 3 * across < least) [best, least] = [index, along + 3 * across];
      });
      if (best >= 0) point(best);
    });
  }
})();
