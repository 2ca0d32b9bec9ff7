'use strict';
// What the pages are made with. Text from data is only ever set as text.
const $ = (selector, root = document) => root.querySelector(selector);
const make = (name, attributes = {}, ...children) => {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === 'text') element.textContent = value;
    else if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
};
// Nothing from data turns the direction of what stands around it.
const shown = text => text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '\ufffd');
const data = text => make('bdi', { text: shown(text) });
const columnName = column => ({
  'text.prompt': 'Prompt', 'text.response': 'Response', 'text.rejected': 'Rejected', 'text.system': 'System', 'text.all': 'Whole text', label: 'Label',
})[column] || column.replace(/^field:/, '');
// The whole text says nothing that its parts do not.
const isWorthShowing = (column, columns) =>
  column !== 'text.all' || !columns.some(other => ['text.prompt', 'text.response', 'text.system'].includes(other));
