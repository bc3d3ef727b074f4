// The last ten minutes: four plots of six joints.
//
// The rule: the server remembers, the page only draws; a hole in the numbering is fetched again.
// Joints differ by their dashes as well as by their colours.

import { uPlot } from '/vendor/plot.js';

const DEG = 180 / Math.PI;
const DASHES = [[], [9, 4], [2, 3], [12, 3, 2, 3], [5, 2], [2, 5]];
const HEIGHT = 172;
const MINUTE = 60; // s

const sheet = document.createElement('link');
sheet.rel = 'stylesheet';
sheet.href = '/vendor/plot.css';
document.head.append(sheet);

export class Plots {
  constructor(parent, chips, joints, history) {
    this.joints = joints;
    this.history = history;
    this.degrees = true;
    this.shown = joints.map(() => true);
    this.points = [];
    this.span = history;
    this.drew = 0;
    this.figures = [
      { title: 'Position', key: 'p', angle: 1, digits: 0 },
      { title: 'Tracking error, largest', key: 'e', angle: 1000, digits: 2 },
      { title: 'Torque, largest', key: 'm', unit: 'N m', digits: 0 },
      { title: 'Winding', key: 'w', unit: '°C', digits: 0 },
    ];
    for (const figure of this.figures) {
      figure.box = document.createElement('figure');
      figure.box.className = 'plot';
      figure.box.style.margin = '0';
      figure.head = document.createElement('h3');
      figure.box.setAttribute('role', 'img');
      figure.box.append(figure.head);
      parent.append(figure.box);
    }
    joints.forEach((joint, index) => chips.append(this.chip(joint, index)));
    new ResizeObserver(() => this.resize()).observe(parent);
    // What nobody sees is not drawn.
    this.visible = true;
    new IntersectionObserver(([entry]) => {
      this.visible = entry.isIntersecting;
      if (this.visible) this.draw();
    }).observe(parent);
    this.build();
  }

  chip(joint, index) {
    const chip = document.createElement('button');
    const dash = document.createElement('span');
    dash.className = 'dash';
    dash.style.setProperty('--c', `var(--j${index + 1})`);
    chip.type = 'button';
    chip.append(dash, joint.name);
    chip.setAttribute('aria-pressed', 'true');
    chip.addEventListener('click', () => {
      this.shown[index] = !this.shown[index];
      chip.setAttribute('aria-pressed', String(this.shown[index]));
      for (const { plot } of this.figures) plot.setSeries(index + 1, { show: this.shown[index] });
    });
    return chip;
  }

  build() {
    const style = getComputedStyle(document.documentElement);
    const color = (name) => style.getPropertyValue(name).trim();
    const axis = { stroke: color('--ink-3'), grid: { stroke: color('--line'), width: 1 }, ticks: { show: false }, font: '11px system-ui, sans-serif' };
    for (const figure of this.figures) {
      const scale = this.scale(figure);
      const unit = this.unit(figure);
      figure.head.replaceChildren();
      const span = document.createElement('span');
      span.className = 'unit';
      span.textContent = ` ${unit}`;
      figure.head.append(figure.title, span);
      figure.box.setAttribute('aria-label', `${figure.title} of all joints in ${unit} over the last minutes`);
      figure.plot?.destroy();
      figure.plot = new uPlot({
        width: this.width(figure), height: HEIGHT, legend: { show: false }, padding: [6, 8, 0, 0],
        cursor: { sync: { key: 'history' }, points: { size: 6 }, y: false },
        scales: { x: { time: true } },
        axes: [
          { ...axis, space: 64, size: 24, values: (_, at) => at.map((t) => new Date(t * 1000).toTimeString().slice(0, 5)) },
          { ...axis, size: 46, space: 30 },
        ],
        series: [{}, ...this.joints.map((joint, index) => ({
          label: joint.name, show: this.shown[index], stroke: color(`--j${index + 1}`), width: 1.5, dash: DASHES[index],
          points: { show: false }, spanGaps: false, value: (_, v) => (v === null ? '–' : v.toFixed(figure.digits)),
        }))],
        hooks: { setCursor: [(plot) => this.tell(figure, plot)] },
      }, this.data(figure, scale), figure.box);
    }
  }

  // Says the values under the cursor beside the title.
  tell(figure, plot) {
    const index = plot.cursor.idx;
    const unit = this.unit(figure);
    const at = index === null || index === undefined ? null : plot.data[0][index];
    const values = at === null ? '' : this.joints.map((_, joint) => (this.shown[joint] ? plot.data[joint + 1][index] : null))
      .filter((value) => value !== null && value !== undefined).map((value) => value.toFixed(figure.digits)).join(' · ');
    figure.head.lastChild.textContent = at === null ? ` ${unit}` : ` ${unit}  ${new Date(at * 1000).toTimeString().slice(0, 8)}  ${values}`;
  }

  unit({ unit, angle }) {
    return unit ?? (this.degrees ? 'deg' : angle > 1 ? 'mrad' : 'rad');
  }

  scale({ angle }) {
    return angle ? (this.degrees ? DEG : angle) : 1;
  }

  // The last minute, or everything there is.
  toggleSpan() {
    this.span = this.span === this.history ? MINUTE : this.history;
    this.draw();
    return this.span;
  }

  data({ key }, scale) {
    const from = (this.points.at(-1)?.t ?? 0) - this.span;
    const points = this.span === this.history ? this.points : this.points.filter((point) => point.t >= from);
    const columns = [points.map((point) => point.t)];
    this.joints.forEach((_, joint) => {
      columns.push(points.map((point) => (point[key][joint] === null ? null : point[key][joint] * scale)));
    });
    return columns;
  }

  width({ box }) {
    return Math.max(160, Math.floor(box.clientWidth));
  }

  resize() {
    for (const figure of this.figures) {
      const width = this.width(figure);
      if (figure.plot && figure.plot.width !== width) figure.plot.setSize({ width, height: HEIGHT });
    }
  }

  draw() {
    this.drew = performance.now();
    for (const figure of this.figures) figure.plot.setData(this.data(figure, this.scale(figure)));
  }

  async load() {
    const answer = await fetch('/api/history');
    if (!answer.ok) return;
    this.points = (await answer.json()).points;
    this.draw();
  }

  add(point) {
    const last = this.points.at(-1);
    if (last && point.n <= last.n && point.t > last.t) return this.load();
    if (last && point.n > last.n + 1) return this.load();
    if (last && point.n <= last.n) return;
    this.points.push(point);
    while (this.points.length && this.points[0].t < point.t - this.history) this.points.shift();
    if (this.visible && !document.hidden && performance.now() - this.drew > this.pause()) this.draw();
  }

  // Between two drawings, ms: as long as a pixel lasts, for a point more moves nothing before.
  pause() {
    return (this.span * 1000) / (this.figures[0].plot?.width ?? 400);
  }

  theme() {
    this.build();
  }

  units(degrees) {
    this.degrees = degrees;
    this.build();
  }
}
