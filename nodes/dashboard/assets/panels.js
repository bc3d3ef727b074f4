// Everything that is text, bars and tables.
//
// The rule: a state is a word and a shape, its colour only repeats it. Numbers that change fast are
// written ten times a second, not at every frame.

const $ = (id) => document.getElementById(id);
const NUMBERS = 100; // ms between two writings of fast numbers
const DEG = 180 / Math.PI;

// A new element with text or children.
function make(tag, classes, ...content) {
  const element = document.createElement(tag);
  if (classes) element.className = classes;
  element.append(...content.filter((part) => part !== null && part !== undefined));
  return element;
}

export function icon(use, name) {
  if (use.getAttribute('href') !== `#i-${name}`) use.setAttribute('href', `#i-${name}`);
}

function makeIcon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
  icon(use, name);
  svg.append(use);
  return svg;
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function number(value, digits, unit = '') {
  if (value === null || value === undefined) return '–';
  const text = value.toFixed(digits).replace('-', '−');
  return (Number(text.replace('−', '-')) === 0 ? text.replace('−', '') : text) + unit;
}

function duration(seconds) {
  if (seconds === null || seconds === undefined) return '–';
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${(seconds / 3600).toFixed(1)} h`;
  return `${Math.round(seconds / 86400)} d`;
}

function clock(seconds) {
  return new Date(seconds * 1000).toTimeString().slice(0, 8);
}

export function toast(tone, text) {
  const element = make('div', `toast tone-${tone}`, makeIcon(tone), make('span', '', text));
  $('toasts').append(element);
  while ($('toasts').children.length > 3) $('toasts').firstChild.remove();
  setTimeout(() => element.remove(), 7000);
}

const MODES = {
  enabled: ['ok', 'ok'], disabled: ['off', 'off'], stopped: ['hold', 'warning'], hold: ['error', 'error'],
};
const DRIVERS = {
  following: 'ok', holding: 'ok', enabling: 'notice', disabled: 'off', blocked: 'warning', faulted: 'error', offline: 'error',
};

export class Panels {
  rows = [];
  nodeRows = new Map();
  alarmItems = new Map();
  degrees = true;
  wrote = 0;

  // --- Arm

  arm({ mode, reason, pause, holder, supervised, age, joints, payload, measured, deviation, law }) {
    const [shape, tone] = MODES[mode] ?? ['off', 'off'];
    $('mode').dataset.mode = mode ?? 'unknown';
    $('mode').className = `mode tone-${supervised ? tone : 'error'}`;
    icon($('mode-icon'), supervised ? shape : 'error');
    write($('mode-word'), mode ?? 'unknown');
    const said = supervised ? reason : `last known; the supervisor is silent`;
    write($('mode-reason'), said || pause || (holder ? `${holder} commands` : ''));
    $('scene-note').hidden = !(age === null || age > 0.5);
    write($('scene-note'), age === null ? 'No position was heard yet' : `joint_state is silent for ${number(age, 1)} s: pose from control, if it lives`);
    joints.forEach((joint, index) => this.jointState(index, joint));
    $('load').hidden = payload === null;
    const felt = measured === null ? '' : `, measured ${number(measured, 2)} ± ${number(deviation, 2)} kg`;
    write($('load'), `Payload ${number(payload, 2)} kg${felt} · law ${law}`);
  }

  // The motion that planning is about to have driven.
  plan({ stage, times }) {
    $('plan-key').hidden = stage === 'none';
    write($('plan-word'), `planned, ${number(times.at(-1), 1)} s${stage === 'driven' ? ', under way' : ''}`);
  }

  lost() {
    $('mode').className = 'mode tone-error';
    icon($('mode-icon'), 'error');
    write($('mode-reason'), 'link lost: what is shown is old');
  }

  // --- Joints

  joints(joints) {
    this.limits = joints;
    this.rows = joints.map((joint, index) => this.jointRow(joint, index));
    $('joints').replaceChildren(...this.rows.map((row) => row.tr));
  }

  jointRow(joint, index) {
    const row = { joint };
    const part = (classes) => make('i', classes);
    const dash = make('span', 'dash');
    dash.style.setProperty('--c', `var(--j${index + 1})`);
    row.state = make('small', '', makeIcon('off'), make('span', '', '–'));
    row.zero = part('zero'); row.gap = part('gap'); row.should = part('should'); row.is = part('is');
    row.bar = make('div', 'bar', row.zero, row.gap, row.should, row.is);
    row.bar.setAttribute('role', 'img');
    row.bound = part('bound'); row.fill = part('fill'); row.limit = part('limit');
    row.heat = make('div', 'bar heat', row.bound, row.fill, row.limit);
    row.heat.setAttribute('role', 'img');
    row.zero.style.left = `${share(0, joint.lower, joint.upper)}%`;
    for (const name of ['position', 'error', 'torque', 'now', 'until']) row[name] = make('td', 'r', '–');
    const th = make('th', '', dash, joint.name, row.state);
    th.scope = 'row';
    row.tr = make('tr', '', th, make('td', '', row.bar), row.position, row.error, row.torque, make('td', '', row.heat), row.now, row.until);
    return row;
  }

  jointState(index, { freshness, driver, temperature }) {
    const row = this.rows[index];
    if (!row) return;
    row.temperature = temperature;
    const stale = freshness === 'silent' || freshness === 'frozen';
    const tone = stale ? 'error' : DRIVERS[driver] ?? 'off';
    row.state.className = `tone-${tone}`;
    icon(row.state.querySelector('use'), tone);
    write(row.state.lastChild, stale ? freshness : freshness === 'late' ? `${driver}, late` : driver);
    if (!this.hot) this.heatBar(row, { winding: temperature, bound: null, limit: null, level: 'normal', until: undefined });
  }

  frame(frame) {
    const now = performance.now();
    if (now - this.wrote < NUMBERS) return;
    this.wrote = now;
    this.rows.forEach((row, index) => this.position(row, frame, index));
    const { phase, at, of, speed } = frame;
    write($('phase'), phase ?? 'control is silent');
    const runs = of > 0 && ['executing', 'blending', 'settling', 'stopping', 'paused'].includes(phase);
    write($('path'), runs ? `${number(at, 1)} of ${number(of, 1)} s` : '');
    write($('speed'), speed !== null && speed < 0.995 ? `${number(speed * 100, 0)} % speed` : '');
    $('progress').value = runs ? Math.min(at / of, 1) : 0;
  }

  position(row, { p, s, e, m }, index) {
    const { lower, upper, name } = row.joint;
    const scale = this.degrees ? DEG : 1;
    const digits = this.degrees ? 1 : 3;
    const unit = this.degrees ? '°' : '';
    row.is.hidden = p[index] === null;
    row.should.hidden = row.gap.hidden = s[index] === null || p[index] === null;
    const is = share(p[index], lower, upper);
    const should = share(s[index], lower, upper);
    row.is.style.left = `${is}%`;
    row.should.style.left = `${should}%`;
    row.gap.style.left = `${Math.min(is, should)}%`;
    row.gap.style.width = `${Math.abs(is - should)}%`;
    const text = number(p[index] === null ? null : p[index] * scale, digits, unit);
    write(row.position, text);
    row.bar.setAttribute('aria-label', `${name} at ${text}, setpoint ${number(s[index] === null ? null : s[index] * scale, digits, unit)}, limits ${number(lower * scale, digits, unit)} to ${number(upper * scale, digits, unit)}`);
    const error = e[index] === null ? null : e[index] * scale * (this.degrees ? 1 : 1000);
    write(row.error, number(error, this.degrees ? 2 : 1, this.degrees ? '°' : ' mrad'));
    write(row.torque, number(m[index], 1, ' N m'));
  }

  toggleUnits() {
    this.degrees = !this.degrees;
    $('units').textContent = this.degrees ? 'deg' : 'rad';
    $('units').setAttribute('aria-label', this.degrees ? 'Show angles in radians' : 'Show angles in degrees');
    return this.degrees;
  }

  // --- Heat

  thermal({ known, winding, bound, limit, time_to_limit: until, level, sensor, latched }) {
    this.hot = known;
    const button = document.querySelector('[data-call="acknowledge"]');
    button.hidden = !latched.some((one) => one);
    if (!known) return;
    this.rows.forEach((row, i) => {
      this.heatBar(row, { winding: winding[i], bound: bound[i], limit: limit[i], level: level[i], until: until[i], sensor: sensor[i] });
    });
  }

  heatBar(row, { winding, bound, limit, level, until, sensor }) {
    const top = (limit ?? 110) + 10;
    row.heat.dataset.level = level;
    row.fill.style.width = `${share(winding, 15, top)}%`;
    row.bound.style.width = `${bound === null ? 0 : share(bound, 15, top)}%`;
    row.limit.hidden = limit === null;
    row.limit.style.left = `${share(limit, 15, top)}%`;
    write(row.now, number(winding, 0, ' °C'));
    const faulty = sensor && sensor !== 'ok' && sensor !== 'none';
    row.now.title = faulty ? `sensor ${sensor}: estimated by the model` : '';
    const when = until === undefined ? '–' : until === null ? 'never' : duration(until);
    const hot = level !== 'normal';
    write(row.until, hot ? `${level === 'warning' ? '' : `${level}, `}${when}` : when);
    row.until.className = hot ? 'r warn' : 'r';
    row.heat.setAttribute('aria-label', `winding of ${row.joint.name} ${number(winding, 0, ' °C')}${bound === null ? '' : `, at most ${number(bound, 0, ' °C')}, limit ${number(limit, 0, ' °C')}, ${level}`}`);
  }

  // --- Alarms and events

  alarms(alarms) {
    write($('alarm-count'), String(alarms.length));
    if (alarms.length === 0) {
      const none = make('li', 'none', makeIcon('ok'), make('span', '', 'Nothing to worry about'));
      return $('alarms').replaceChildren(none);
    }
    const items = alarms.map((alarm) => {
      const item = this.alarmItems.get(alarm.id) ?? this.alarmItem(alarm);
      item.className = `tone-${alarm.severity}`;
      icon(item.querySelector('use'), alarm.severity);
      write(item.querySelector('.sr'), `${alarm.severity}: `);
      write(item.querySelector('.text'), alarm.text);
      return item;
    });
    const ids = new Set(alarms.map((alarm) => alarm.id));
    for (const id of this.alarmItems.keys()) if (!ids.has(id)) this.alarmItems.delete(id);
    // What stays is not touched: a reader is told of news only.
    for (const item of [...$('alarms').children]) if (!items.includes(item)) item.remove();
    items.forEach((item, index) => {
      if ($('alarms').children[index] !== item) $('alarms').insertBefore(item, $('alarms').children[index] ?? null);
    });
  }

  alarmItem({ id, source, since }) {
    const text = make('span', '', make('span', 'sr'), make('b', '', source), make('span', 'text'));
    const item = make('li', '', makeIcon('notice'), text, make('time', '', `since ${clock(since)}`));
    item.dataset.source = source;
    this.alarmItems.set(id, item);
    return item;
  }

  events(lines) {
    $('events').replaceChildren(...lines.map(({ t, severity, source, text }) =>
      make('li', `tone-${severity}`, make('time', '', clock(t)), makeIcon(severity), make('b', '', source), make('span', '', text))));
  }

  // --- Nodes

  nodes(nodes) {
    const silent = nodes.filter((node) => node.presence !== 'live' && (node.expected || node.presence === 'silent'));
    write($('node-count'), silent.length ? `${nodes.length - silent.length} of ${nodes.length} live` : `${nodes.length} live`);
    const known = new Set(nodes.map((node) => node.node));
    for (const [name, row] of this.nodeRows) {
      if (!known.has(name)) {
        row.tr.remove();
        this.nodeRows.delete(name);
      }
    }
    nodes.forEach((node, index) => {
      const row = this.nodeRows.get(node.node) ?? this.nodeRow(node.node);
      if ($('nodes').children[index] !== row.tr) $('nodes').insertBefore(row.tr, $('nodes').children[index] ?? null);
      this.fill(row, node);
    });
  }

  nodeRow(name) {
    const th = make('th', '', name);
    th.scope = 'row';
    const row = { message: make('span', 'message'), word: make('span', ''), cells: [] };
    row.state = make('span', 'state', makeIcon('off'), row.word);
    for (let n = 0; n < 8; n++) row.cells.push(make('td', 'r'));
    row.tr = make('tr', '', th, make('td', '', row.state, ' ', row.message), ...row.cells);
    this.nodeRows.set(name, row);
    return row;
  }

  fill(row, node) {
    const live = node.presence === 'live';
    const tone = !live ? 'error' : node.double || node.health === 'error' ? 'error' : node.health === 'warning' ? 'warning' : node.state === 'active' ? 'ok' : 'off';
    row.tr.dataset.presence = node.presence;
    row.tr.dataset.node = node.node;
    row.state.className = `state tone-${tone}`;
    icon(row.state.querySelector('use'), tone);
    write(row.word, live ? (node.double ? 'two processes' : node.state) : node.presence);
    write(row.message, live ? node.message : '');
    row.message.title = node.message;
    const values = [
      number(node.age, 2, ' s'),
      live && node.period > 0 ? `${number(node.rate, 0)} of ${number(1000 / node.period, 0)} Hz` : '–',
      live ? (node.late_now ? `${node.late} (+${node.late_now})` : String(node.late)) : '–',
      live ? number(node.cpu, 1, ' %') : '–',
      String(node.boots),
      live ? duration(node.uptime) : '–',
      node.pid ? String(node.pid) : '–',
      number(node.temperature, 0, ' °C'),
    ];
    values.forEach((value, index) => write(row.cells[index], value));
    row.cells[2].classList.toggle('warn', live && node.late_now > 0);
  }

  // --- Recordings

  recordings(files) {
    $('recordings-panel').hidden = files === null;
    write($('recording-count'), files ? String(files.length) : '');
    $('recordings').replaceChildren(...(files ?? []).map(({ name, size, changed }) => {
      const path = name.split('/').map(encodeURIComponent).join('/');
      const load = make('a', '', makeIcon('down'), 'Download');
      load.href = `/recordings/${path}`;
      load.download = '';
      load.setAttribute('aria-label', `Download ${name}`);
      const when = new Date(changed * 1000).toLocaleString();
      return make('li', '', make('span', '', name), make('span', '', bytes(size)), make('span', '', when), load);
    }));
    if (files?.length === 0) $('recordings').replaceChildren(make('li', '', make('span', '', 'The folder is empty')));
  }

  // --- Job and stations: whatever is published below cell/ and stations/

  cell(topics) {
    $('cell').hidden = topics.length === 0;
    $('cell-body').replaceChildren(...topics.map(({ topic, message }) => {
      const list = make('dl');
      for (const [key, value] of fields(message)) list.append(make('dt', '', key), make('dd', '', value));
      return make('article', 'card', make('h3', '', topic.replace(/_/g, ' ').replace(/\//g, ' › ')), list);
    }));
  }
}

// Where a value lies between two ends, percent.
function share(value, low, high) {
  if (value === null || value === undefined) return 0;
  return Math.max(0, Math.min(100, (100 * (value - low)) / (high - low)));
}

function bytes(size) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  for (; size >= 1000 && unit < 4; unit++) size /= 1000;
  return `${size.toFixed(unit && size < 100 ? 1 : 0)} ${units[unit]}`;
}

// A message as rows of a table, two levels deep.
function fields(message, prefix = '', depth = 0) {
  return Object.entries(message ?? {}).flatMap(([key, value]) => {
    const name = prefix + key.replace(/_/g, ' ');
    if (value !== null && typeof value === 'object' && 'sec' in value && 'nanosec' in value) {
      return value.sec ? [[name, clock(value.sec)]] : [];
    }
    if (Array.isArray(value)) {
      const plain = value.every((one) => typeof one !== 'object');
      return [[name, plain ? value.slice(0, 12).map(said).join(', ') || '–' : `${value.length}`]];
    }
    if (value !== null && typeof value === 'object') return depth < 2 ? fields(value, `${name} `, depth + 1) : [];
    return [[name, said(value)]];
  });
}

function said(value) {
  if (typeof value === 'number' && !Number.isInteger(value)) return number(value, 3);
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return value === null || value === '' ? '–' : String(value).slice(0, 400);
}
