// One finding after the other; every decision is saved before the next is shown.
(() => {
  const place = record => (record.source ? `${record.source.file} line ${record.source.line}${record.source.line === record.row_index + 1 ? '' : `, row ${record.row_index + 1}`}` : `row ${record.row_index + 1}`);

  let state = null;
  let current = 0;
  let item = null;
  let busy = false;
  let shownAt = 0;
  // The second of two quick clicks is not meant for a finding that has only just come.
  const tooSoon = () => Date.now() - shownAt < 400;
  const cache = new Map();
  const message = text => { $('#message').textContent = text; };

  async function ask(path, body) {
    const options = body === undefined ? {} : {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body),
    };
    let answer;
    try { answer = await fetch(path, options); } catch {
      throw new Error(`${body === undefined ? 'not loaded' : 'not saved'}: assay review does not answer. Start it again; what was saved is kept`);
    }
    const value = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(value.error || (answer.status === 413 ? 'not saved: a text has 4 MiB at most' : `answer ${answer.status}`));
    return value;
  }

  async function load(number) {
    if (!cache.has(number)) {
      for (const one of await ask(`items/${number}`)) cache.set(one.number, one);
    }
    return cache.get(number);
  }

  // A text with bytes marked: offsets are those of UTF-8.
  function marked(text, span) {
    if (!span) return data(text);
    const bytes = new TextEncoder().encode(text);
    const piece = (from, to) => shown(new TextDecoder().decode(bytes.slice(from, to)));
    return make('bdi', {}, piece(0, span.begin), make('mark', { text: piece(span.begin, span.end) }), piece(span.end, bytes.length));
  }

  // What a repair changes: the same beginning and end, and between them old and new.
  function change(old, text) {
    let start = 0;
    while (start < old.length && start < text.length && old[start] === text[start]) start++;
    let end = 0;
    while (end < old.length - start && end < text.length - start && old[old.length - 1 - end] === text[text.length - 1 - end]) end++;
    return make('bdi', {}, shown(old.slice(0, start)), make('del', { text: shown(old.slice(start, old.length - end)) }),
      make('ins', { text: shown(text.slice(start, text.length - end)) }), shown(old.slice(old.length - end)));
  }

  function fields(record, finding) {
    return record.filter(field => isWorthShowing(field.column, record.map(other => other.column))).flatMap(field => [
      make('h3', { text: columnName(field.column) }),
      make('div', { class: 'text', tabindex: '0', role: 'group', 'aria-label': columnName(field.column) },
        field.text === '' ? make('span', { class: 'muted', text: 'empty' })
          : marked(field.text, finding && finding.span && finding.column === field.column ? finding.span : null),
        ...(field.is_cut ? [make('span', { class: 'muted', text: ' … the rest is in the file' })] : [])),
    ]);
  }

  const finding = () => item.findings[item.finding];
  const accepts = { drop: 'Right: drop it', repair: 'Right: repair it', relabel: 'Right: relabel it', weight: 'Right: weigh it less' };
  // A label is asked for by a finding about it, or by one that says so.
  const canRelabel = () => finding().column === 'label' || finding().suggestion?.column === 'label'
    || /relabel/.test(finding().about || '');
  function editable() {
    const named = item.record.find(field => field.column === finding().column && field.column.startsWith('text.') && field.column !== 'text.all');
    const found = named || item.record.find(field => field.column === 'text.response') || item.record.find(field => field.column === 'text.prompt');
    return found && !found.is_cut ? found : null;
  }

  function show() {
    const main = $('#main');
    progress();
    if (!state.count) {
      main.replaceChildren(make('h2', { id: 'title', tabindex: '-1', text: 'Nothing waits for a review' }));
      return;
    }
    if (!item) {
      const skipped = state.count - state.decided;
      main.replaceChildren(make('h2', { id: 'title', tabindex: '-1', text: skipped ? `${skipped} skipped` : 'Everything is decided' }),
        ...(skipped ? [make('p', { text: 'They stay as they are until somebody decides.' })] : []),
        make('p', {}, 'The decisions are in ', make('code', { text: state.file }), '. Add ', make('code', { text: `--review ${state.file}` }), ' to assay run or assay optimize. Ctrl+C in the terminal ends the review.'),
        make('div', { class: 'actions' }, key('u', 'Undo', undo, !state.lines), key('k', 'Back', () => go(state.count - 1)),
          ...(skipped ? [key('j', 'To the first skipped', () => go(state.next))] : [])));
      $('#title').focus();
      return;
    }
    const one = finding();
    const others = item.findings.filter(other => other !== one);
    const suggestion = one.suggestion;
    const suggested = [];
    if (suggestion && suggestion.text) {
      const old = item.record.find(field => field.column === suggestion.column);
      suggested.push(make('h3', { text: `Suggestion: ${suggestion.action}` }),
        make('div', { class: 'text' }, suggestion.column === 'label' || !old ? data(suggestion.text) : change(old.text, suggestion.text)));
    } else if (suggestion && suggestion.action !== 'review') suggested.push(make('h3', { text: 'Suggestion' }), make('p', { text: suggestion.action }));
    const related = item.related || [];
    main.replaceChildren(
      make('h2', { id: 'title', tabindex: '-1' }, make('span', { class: `badge ${one.severity}`, text: one.severity }), ' ',
        data(one.title || one.name), ' ', make('span', { class: 'place' }, data(place(item)))),
      make('p', {}, data(one.message), ' ', make('span', { class: 'muted', text: one.score < 1 ? `chance ${Math.round(one.score * 100)} %` : '' }),
        ...(item.decision ? [' ', make('span', { class: `badge ${item.decision.decision}`, text: `decided: ${item.decision.decision}${item.decision.label ? ` ${item.decision.label}` : ''}` })] : [])),
      ...(one.about ? [make('p', { class: 'muted' }, data(one.about))] : []),
      make('section', { class: 'card', 'aria-label': 'Record' }, ...fields(item.record, one), ...suggested),
      ...(others.length ? [make('h3', { text: 'Also found in it' }), make('ul', {}, ...others.map(other => make('li', {}, data(`${other.title || other.name}: ${other.message}`))))] : []),
      ...(related.length ? [make('h3', { text: 'Records that belong to it' }),
        make('ul', { class: 'beside' }, ...related.map(other => make('li', {}, make('p', { class: 'place' }, data(place(other))), ...fields(other.record))))] : []),
      make('div', { id: 'form' }),
      make('div', { class: 'actions', role: 'toolbar', 'aria-label': 'Decision' },
        key('a', accepts[suggestion?.action] || 'Right', () => decide('accept')), key('r', 'False alarm', () => decide('reject')),
        key('d', 'Drop the record', () => decide('drop'), suggestion?.action === 'drop'),
        key('e', 'Edit', edit, !editable()), key('l', 'Relabel', relabel, !canRelabel()),
        key('u', 'Undo', undo, !state.lines), key('k', 'Back', () => go(current - 1), current === 0), key('j', 'Skip', () => go(current + 1))));
    $('#title').focus({ preventScroll: true });
    scrollTo(0, 0);
  }

  const actions = new Map();
  function key(letter, text, action, isOff = false) {
    actions.set(letter, isOff ? null : action);
    const button = make('button', { type: 'button', 'aria-keyshortcuts': letter, onclick: () => { if (!tooSoon()) action(); } }, make('kbd', { 'aria-hidden': 'true', text: letter.toUpperCase() }), text);
    button.disabled = isOff;
    return button;
  }

  function progress() {
    const line = $('#progress');
    line.replaceChildren(`${state.decided} of ${state.count} decided`);
    line.dataset.decided = state.decided;
    line.dataset.lines = state.lines;
  }

  async function go(number) {
    const wanted = Math.max(0, Math.min(number, state.count));
    try {
      item = wanted < state.count ? await load(wanted) : null;
    } catch (error) {
      return message(error.message);
    }
    actions.clear();
    message('');
    current = wanted;
    shownAt = Date.now();
    show();
  }

  async function save(entry) {
    if (busy) return;
    busy = true;
    try {
      state = await ask('decisions', entry);
      item.decision = entry;
      busy = false;
      await go(current + 1);
    } catch (error) {
      message(error.message);
    } finally { busy = false; }
  }
  const decide = (decision, rest = {}) => save({ row_index: item.row_index, code: finding().code, decision, ...rest });

  async function undo() {
    if (busy || !state.lines) return;
    busy = true;
    try {
      state = await ask('undo', {});
      cache.clear();
      busy = false;
      await go(state.number === null ? current : state.number);
      message('');
      $('#progress').append(' · one decision taken back');
    } catch (error) {
      message(error.message);
    } finally { busy = false; }
  }

  function edit() {
    const field = editable();
    if (!field) return;
    const suggestion = finding().suggestion;
    const area = make('textarea', { id: 'edit' });
    area.value = suggestion && suggestion.column === field.column && suggestion.text ? suggestion.text : field.text;
    form(`${columnName(field.column)} as it should be`, area, () => {
      // The control knows one kind of line end alone.
      const text = /\r\n/.test(field.text) && !/[^\r]\n/.test(field.text) ? area.value.replaceAll('\n', '\r\n') : area.value;
      if (text === field.text) return message('the text is as it was: accept, reject or change it');
      decide('edit', { column: field.column, text });
    });
  }

  function relabel() {
    const suggestion = finding().suggestion;
    const input = make('input', { id: 'edit', list: 'labels', autocomplete: 'off' });
    input.value = suggestion && suggestion.column === 'label' ? suggestion.text : '';
    const list = make('datalist', { id: 'labels' }, ...state.labels.map(value => make('option', { value })));
    form('The right label', input, () => {
      if (!input.value.trim()) return message('a label has at least one character');
      decide('relabel', { label: input.value });
    }, list);
    input.select();
  }

  function form(name, control, submit, ...rest) {
    const cancel = () => { $('#form').replaceChildren(); $('#title').focus(); };
    $('#form').replaceChildren(make('form', { class: 'card', onsubmit: event => { event.preventDefault(); submit(); } },
      make('label', { for: 'edit', text: name }), control, ...rest,
      make('div', {}, make('button', { type: 'submit', text: 'Save' }), ' ', make('button', { type: 'button', text: 'Cancel', onclick: cancel }),
        ' ', make('span', { class: 'muted', text: 'Ctrl+Enter saves, Escape cancels' }))));
    control.addEventListener('keydown', event => {
      if (event.key === 'Escape') { event.preventDefault(); cancel(); }
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) { event.preventDefault(); submit(); }
    });
    control.focus();
    control.scrollIntoView({ block: 'center' });
  }

  addEventListener('keydown', event => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat) return;
    if (/^(input|textarea|select)$/i.test(event.target.tagName) || event.target.closest?.('#form')) return;
    const letter = { ArrowRight: 'j', ArrowLeft: 'k' }[event.key] || event.key.toLowerCase();
    const action = actions.get(letter);
    if (!action) return;
    event.preventDefault();
    action();
  });

  (async () => {
    try {
      state = await ask('state');
      await go(state.next === null ? state.count : state.next);
    } catch (error) { message(error.message); }
  })();
})();
