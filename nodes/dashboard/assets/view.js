// The arm in three dimensions, from its URDF: solid as measured, outlined as it should be.
//
// The rule: the picture follows the data, and what it costs follows the machine: when frames come
// late, fewer pixels are drawn; when nothing changes, none are.

import {
  BufferAttribute, BufferGeometry, CircleGeometry, Color, DirectionalLight, DoubleSide, EdgesGeometry, Group,
  HemisphereLight, Line, LineBasicMaterial, LineSegments, LoadingManager, Mesh, MeshBasicMaterial, MeshLambertMaterial,
  OrbitControls, PerspectiveCamera, RingGeometry, Scene as World, URDFLoader, Vector3, WebGLRenderer,
} from '/vendor/scene.js';
import { Around } from '/around.js';

const STALE = 700; // ms without a pose after which the arm is shown pale
const TRAIL = 160; // points
const SLOW = 30; // ms per frame above which fewer pixels are drawn
const QUICK = 14; // ms per frame below which more are
const HANGING = 500; // ms per frame that count at most
const COARSEST = 0.5; // pixels drawn per pixel of the screen, each way
const APART = 0.004; // rad between pose and setpoint that is worth an outline

export class Scene {
  constructor(canvas, labels, home, stats) {
    this.canvas = canvas;
    this.labels = labels;
    this.stats = stats;
    this.calm = matchMedia('(prefers-reduced-motion: reduce)');
    this.renderer = new WebGLRenderer({ canvas, antialias: !drawsInSoftware(), alpha: true, powerPreference: 'low-power' });
    this.most = Math.min(devicePixelRatio || 1, 2);
    this.ratio = this.most;
    this.world = new World();
    this.camera = new PerspectiveCamera(34, 1, 0.05, 30);
    this.camera.up.set(0, 0, 1);
    this.controls = new OrbitControls(this.camera, canvas);
    this.controls.maxPolarAngle = Math.PI * 0.53;
    this.controls.minDistance = 0.6;
    this.controls.maxDistance = 6;
    this.controls.enablePan = false;
    this.controls.addEventListener('change', () => { this.dirty = true; });
    // One finger scrolls the page, two turn the arm.
    if (matchMedia('(pointer: coarse)').matches) {
      canvas.style.touchAction = 'pan-y';
    }
    home.addEventListener('click', () => this.home());
    this.sky = new HemisphereLight(0xffffff, 0x8a94a0, 1.5);
    const sun = new DirectionalLight(0xffffff, 2.1);
    sun.position.set(1.6, -2.2, 3.2);
    const fill = new DirectionalLight(0xffffff, 0.7);
    fill.position.set(-2.5, 1.5, 1);
    this.world.add(this.sky, sun, fill, this.floor());
    this.trail = this.makeTrail();
    this.world.add(this.trail);
    this.tags = new Map();
    this.theme();
    this.home();
    new ResizeObserver(() => this.resize()).observe(canvas.parentElement);
    new IntersectionObserver(([entry]) => { this.visible = entry.isIntersecting; }).observe(canvas);
    this.visible = true;
    this.resize();
  }

  async load(joints) {
    const answer = await fetch('/urdf');
    const text = await answer.text();
    this.names = joints.map((joint) => joint.name);
    this.arm = this.robot(text);
    this.ghost = this.robot(text);
    this.player = this.robot(text);
    this.player.visible = false;
    this.tip = deepest(this.arm);
    this.around = new Around(this.arm, this.calm);
    this.loaded = new Promise((resolve) => setTimeout(resolve, 0));
    await this.loaded;
    this.paint();
    this.world.add(this.arm, this.ghost, this.player);
    this.dirty = true;
    this.tick = this.tick.bind(this);
    this.last = performance.now();
    requestAnimationFrame(this.tick);
  }

  robot(text) {
    const loader = new URDFLoader(new LoadingManager(() => { this.paint(); this.dirty = true; }));
    loader.parseVisual = true;
    loader.parseCollision = false;
    return loader.parse(text);
  }

  // Solids keep their colours and get edges; ghosts are edges only.
  paint() {
    if (!this.arm || !this.player) return;
    this.arm.traverse((part) => {
      if (!part.isMesh || part.userData.painted) return;
      part.userData.painted = true;
      const color = part.material?.color ?? new Color(0x9aa4ae);
      part.material = new MeshLambertMaterial({ color });
      const edges = new LineSegments(new EdgesGeometry(part.geometry, 32), this.edgeMaterial);
      part.add(edges);
    });
    outline(this.ghost, this.ghostMaterial);
    outline(this.player, this.playerMaterial);
  }

  floor() {
    const group = new Group();
    this.disc = new Mesh(new CircleGeometry(1.05, 72), new MeshBasicMaterial({ transparent: true, opacity: 0.55, side: DoubleSide, depthWrite: false }));
    this.disc.position.z = -0.002;
    group.add(this.disc);
    this.rings = new LineBasicMaterial({ transparent: true });
    for (let radius = 0.25; radius <= 1.01; radius += 0.25) group.add(ring(radius, this.rings));
    const spokes = [];
    for (let n = 0; n < 12; n++) {
      const [c, s] = [Math.cos((n * Math.PI) / 6), Math.sin((n * Math.PI) / 6)];
      spokes.push(0.25 * c, 0.25 * s, 0, c, s, 0);
    }
    const geometry = new BufferGeometry();
    geometry.setAttribute('position', new BufferAttribute(new Float32Array(spokes), 3));
    group.add(new LineSegments(geometry, this.rings));
    this.shade = new Mesh(new RingGeometry(0, 0.19, 40), new MeshBasicMaterial({ color: 0x000000, transparent: true, opacity: 0.16, depthWrite: false }));
    this.shade.position.z = -0.001;
    group.add(this.shade);
    return group;
  }

  makeTrail() {
    const geometry = new BufferGeometry();
    geometry.setAttribute('position', new BufferAttribute(new Float32Array(TRAIL * 3), 3));
    geometry.setDrawRange(0, 0);
    this.trailLength = 0;
    const line = new Line(geometry, new LineBasicMaterial({ transparent: true, opacity: 0.75 }));
    line.frustumCulled = false;
    return line;
  }

  theme() {
    const style = getComputedStyle(document.documentElement);
    const color = (name) => new Color(style.getPropertyValue(name).trim());
    this.edgeMaterial ??= new LineBasicMaterial({ transparent: true, opacity: 0.5 });
    this.ghostMaterial ??= new LineBasicMaterial({ transparent: true, opacity: 0.9 });
    this.playerMaterial ??= new LineBasicMaterial({ transparent: true, opacity: 0.9 });
    this.playerMaterial.color = color('--plan');
    this.edgeMaterial.color = color('--bg').lerp(new Color(0x000000), 0.6);
    this.ghostMaterial.color = color('--ghost');
    this.trail.material.color = color('--accent');
    this.rings.color = color('--line-2');
    this.disc.material.color = color('--panel');
    this.dirty = true;
  }

  home() {
    this.camera.position.set(1.75, -1.72, 1.18);
    this.controls.target.set(0.17, 0, 0.4);
    this.controls.update();
    this.dirty = true;
  }

  resize() {
    const { clientWidth: width, clientHeight: height } = this.canvas.parentElement;
    if (!width || !height) return;
    this.renderer.setPixelRatio(this.ratio);
    this.renderer.setSize(width, height, false);
    this.camera.aspect = width / height;
    // A tall, narrow picture needs distance.
    this.camera.fov = width < height ? 44 : 34;
    this.camera.updateProjectionMatrix();
    this.dirty = true;
  }

  // A new pose; what is shown runs from the one before to it.
  take(frame) {
    const now = performance.now();
    if (frame.p.some((value) => value !== null)) {
      this.interval = Math.min(Math.max(now - (this.arrived ?? now - 25), 8), 120);
      this.arrived = now;
      this.from = this.pose ?? frame.p;
      this.to = frame.p;
    }
    this.setpoint = frame.s;
  }

  // The motion that planning announced, and what it knows around the arm.
  plan(plan) {
    this.around?.motion(plan);
    this.dirty = true;
  }

  surroundings(update) {
    this.around?.take(update);
    this.dirty = true;
  }

  live(live) {
    this.linked = live;
    this.dirty = true;
  }

  alarms(list) {
    this.wanted = list.filter((alarm) => alarm.joint !== null && alarm.severity !== 'notice');
    for (const [id, tag] of this.tags) {
      if (!this.wanted.some((alarm) => alarm.id === id)) {
        tag.remove();
        this.tags.delete(id);
      }
    }
    for (const alarm of this.wanted) {
      const tag = this.tags.get(alarm.id) ?? document.createElement('span');
      tag.className = `tone-${alarm.severity}`;
      // The list has the whole text; here it must not cover the arm.
      const short = alarm.id.startsWith('heat/') ? 'hot' : alarm.text.split(/[:;,]/)[0].slice(0, 26);
      const label = `${alarm.source} ${short}`;
      if (tag.textContent !== label) tag.textContent = label;
      if (!tag.isConnected) this.labels.append(tag);
      this.tags.set(alarm.id, tag);
    }
    this.dirty = true;
  }

  tick(now) {
    requestAnimationFrame(this.tick);
    if (!this.visible || document.hidden) return;
    this.advance(now);
    if (!this.dirty) {
      this.last = now;
      return;
    }
    this.dirty = false;
    this.renderer.render(this.world, this.camera);
    this.stats.drawn++;
    this.placeTags();
    this.adapt(now - this.last);
    this.last = now;
  }

  advance(now) {
    if (!this.to) return;
    const share = Math.min((now - this.arrived) / this.interval, 1);
    const pose = this.to.map((value, joint) => {
      const from = this.from[joint];
      return value === null || from === null ? value : from + (value - from) * share;
    });
    const moved = !this.pose || pose.some((value, joint) => value !== this.pose[joint]);
    if (moved) {
      this.pose = pose;
      this.put(this.arm, pose);
      this.follow(now);
      this.dirty = true;
    }
    const stale = !this.linked || now - this.arrived > STALE;
    if (stale !== this.stale) {
      this.stale = stale;
      this.arm.traverse((part) => { if (part.material?.isMeshLambertMaterial && !part.userData.around) pale(part.material, stale); });
      this.dirty = true;
    }
    this.haunt(pose, stale);
    this.play(now, stale);
    if (this.controls.enableDamping) this.controls.update();
  }

  // The outline of where it should be, when that is somewhere else.
  haunt(pose, stale) {
    const should = this.setpoint;
    const apart = !stale && should && should.some((value, joint) => value !== null && pose[joint] !== null && Math.abs(value - pose[joint]) > APART);
    if (apart !== this.ghost.visible) this.dirty = true;
    this.ghost.visible = Boolean(apart);
    if (apart) {
      this.put(this.ghost, should);
      this.dirty = true;
    }
  }

  // The outline of what planning means to do.
  play(now, stale) {
    const pose = stale ? null : this.around.pose(now);
    if (pose) this.put(this.player, pose);
    if (pose || this.player.visible) this.dirty = true;
    this.player.visible = pose !== null;
  }

  put(robot, pose) {
    pose.forEach((value, joint) => {
      if (value !== null) robot.joints[this.names[joint]]?.setJointValue(value);
    });
  }

  // The way of the tip.
  follow(now) {
    if (this.calm.matches || (this.trailed && now - this.trailed < 45)) return;
    this.trailed = now;
    this.arm.updateMatrixWorld(true);
    const tip = this.tip.getWorldPosition(new Vector3());
    const { array } = this.trail.geometry.attributes.position;
    if (this.trailLength === TRAIL) array.copyWithin(0, 3);
    else this.trailLength++;
    array.set([tip.x, tip.y, tip.z], (this.trailLength - 1) * 3);
    this.trail.geometry.attributes.position.needsUpdate = true;
    this.trail.geometry.setDrawRange(0, this.trailLength);
  }

  placeTags() {
    if (!this.wanted?.length) return;
    const { clientWidth: width, clientHeight: height } = this.canvas;
    let line = 0;
    for (const alarm of this.wanted) {
      const joint = this.arm.joints[this.names[alarm.joint]];
      const tag = this.tags.get(alarm.id);
      if (!joint || !tag) continue;
      const at = joint.getWorldPosition(new Vector3()).project(this.camera);
      const x = Math.min(Math.max((at.x * 0.5 + 0.5) * width + 18, 6), width - tag.offsetWidth - 6);
      const y = Math.min(Math.max((0.5 - at.y * 0.5) * height - 30 + 4 * line++, 60), height - 40);
      tag.style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px)`;
    }
  }

  // Fewer pixels where drawing is slow, more where there is time.
  adapt(spent) {
    // A tab that was hidden for an hour is not slow.
    this.cost = (this.cost ?? 20) * 0.94 + Math.min(spent, HANGING) * 0.06;
    this.steady = (this.steady ?? 0) + 1;
    if (this.steady < (this.cost > 3 * SLOW ? 4 : 24)) return;
    const wanted = this.cost > SLOW ? Math.max(this.ratio * 0.8, COARSEST) : this.cost < QUICK ? Math.min(this.ratio * 1.15, this.most) : this.ratio;
    this.steady = 0;
    if (wanted !== this.ratio) {
      this.ratio = wanted;
      this.resize();
    }
  }
}

// A machine without a graphics processor pays for smooth edges with three frames out of four.
function drawsInSoftware() {
  const probe = document.createElement('canvas').getContext('webgl2');
  const about = probe?.getExtension('WEBGL_debug_renderer_info');
  const name = about ? String(probe.getParameter(about.UNMASKED_RENDERER_WEBGL)) : '';
  probe?.getExtension('WEBGL_lose_context')?.loseContext();
  return /swiftshader|llvmpipe|software/i.test(name);
}

function outline(robot, material) {
  robot.traverse((part) => {
    if (!part.isMesh || part.userData.painted) return;
    part.userData.painted = true;
    part.add(new LineSegments(new EdgesGeometry(part.geometry, 32), material));
    part.material = new MeshBasicMaterial({ visible: false });
  });
}

// Only what is pale is mixed with what lies behind: mixing costs, and most of the time nothing is pale.
function pale(material, is) {
  material.transparent = is;
  material.opacity = is ? 0.35 : 1;
  material.needsUpdate = true; // another shader
}

function ring(radius, material) {
  const points = [];
  for (let n = 0; n <= 72; n++) points.push(radius * Math.cos((n * Math.PI) / 36), radius * Math.sin((n * Math.PI) / 36), 0);
  const geometry = new BufferGeometry();
  geometry.setAttribute('position', new BufferAttribute(new Float32Array(points), 3));
  return new Line(geometry, material);
}

// The last frame of the longest chain: the tool.
function deepest(robot) {
  let best = robot;
  let depth = -1;
  const walk = (part, level) => {
    if (part.isURDFLink && level > depth) {
      best = part;
      depth = level;
    }
    part.children.forEach((child) => walk(child, level + 1));
  };
  walk(robot, 0);
  return best;
}
