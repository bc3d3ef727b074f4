// What planning knows and means: the things around the arm and in its hand, the way of the tip, and the
// motion itself, played by an outline before the arm drives it.
//
// The rule: nothing here is part of the arm; a page that gets none of it shows the arm all the same.

import {
  BoxGeometry, BufferAttribute, BufferGeometry, Color, CylinderGeometry, DoubleSide, EdgesGeometry, Group, Line,
  LineBasicMaterial, LineSegments, Mesh, MeshLambertMaterial, Points, PointsMaterial, SphereGeometry,
} from '/vendor/scene.js';

const REST = 0.8; // s at the end of the motion before it is played again

export class Around {
  shapes = new Map(); // by the link that they belong to
  plan = { stage: 'none', times: [], positions: [] };
  ways = [];

  constructor(arm, calm) {
    this.arm = arm;
    this.calm = calm;
  }

  // Replaces everything there was.
  take({ shapes }) {
    for (const group of this.shapes.values()) {
      group.traverse((part) => { part.geometry?.dispose(); part.material?.dispose(); });
      group.removeFromParent();
    }
    this.shapes.clear();
    this.ways = [];
    for (const shape of shapes) {
      const link = this.arm.links[shape.frame] ?? this.arm;
      const group = this.shapes.get(link) ?? new Group();
      if (!this.shapes.has(link)) link.add(group);
      this.shapes.set(link, group);
      const part = drawn(shape);
      // It hangs on a link of the arm, and is painted by nobody else.
      part.traverse((one) => { one.userData.painted = one.userData.around = true; });
      part.position.set(...shape.position);
      part.quaternion.set(...shape.turn);
      group.add(part);
      if (shape.name === 'way') this.ways.push(part);
    }
    this.showWays();
  }

  motion(plan) {
    this.plan = plan;
    this.began = undefined;
    this.showWays();
  }

  // The way of a motion that is over is of no use.
  showWays() {
    for (const way of this.ways) way.visible = this.plan.stage !== 'none';
  }

  // The pose that the outline has now; null when nothing is announced.
  pose(now) {
    const { stage, times, positions } = this.plan;
    if (stage !== 'announced' || times.length === 0) return null;
    this.began ??= now;
    const end = times.length - 1;
    if (this.calm.matches) return positions[end];
    const t = ((now - this.began) / 1000) % (times[end] + REST);
    const next = times.findIndex((time) => time > t);
    if (next < 0) return positions[end];
    if (next === 0) return positions[0];
    const part = (t - times[next - 1]) / (times[next] - times[next - 1]);
    return positions[next].map((to, joint) => {
      const from = positions[next - 1][joint];
      return from === null || to === null ? null : from + (to - from) * part;
    });
  }
}

// One shape. All bodies are a little transparent: the arm is what one looks at.
function drawn({ form, size, color: [r, g, b, a], points }) {
  const color = new Color(r, g, b);
  const line = new LineBasicMaterial({ color, transparent: true, opacity: Math.max(a, 0.4) });
  if (form === 'line') return new Line(cloud(points), line);
  if (form === 'balls') {
    return new Points(cloud(points), new PointsMaterial({ color, size: Math.max(size[0], 0.006), sizeAttenuation: true }));
  }
  const geometry = solid(form, points);
  const material = new MeshLambertMaterial({ color, transparent: true, opacity: a * 0.6, depthWrite: false, side: DoubleSide });
  const mesh = new Mesh(geometry, material);
  mesh.add(new LineSegments(new EdgesGeometry(geometry, 40), line));
  mesh.scale.set(...size);
  return mesh;
}

function solid(form, points) {
  if (form === 'box') return new BoxGeometry(1, 1, 1);
  if (form === 'ball') return new SphereGeometry(0.5, 20, 14);
  // Its length lies along z.
  if (form === 'cylinder') return new CylinderGeometry(0.5, 0.5, 1, 28).rotateX(Math.PI / 2);
  const geometry = cloud(points);
  geometry.computeVertexNormals();
  return geometry;
}

function cloud(points) {
  const geometry = new BufferGeometry();
  geometry.setAttribute('position', new BufferAttribute(new Float32Array(points.flat()), 3));
  return geometry;
}
