// What the 3D view takes from three.js and urdf-loader; everything else is left out of the bundle.
export {
  AmbientLight, BoxGeometry, BufferAttribute, BufferGeometry, Color, CylinderGeometry,
  DirectionalLight, EdgesGeometry, Fog, GridHelper, Group, HemisphereLight, Line, LineBasicMaterial,
  LineLoop, LineSegments, LoadingManager, Mesh, MeshBasicMaterial, MeshLambertMaterial,
  MeshStandardMaterial, Object3D, PerspectiveCamera, Plane, Points, PointsMaterial, Quaternion, Raycaster, RingGeometry,
  Scene, SphereGeometry, Vector2, Vector3, WebGLRenderer, DoubleSide, BackSide, SRGBColorSpace,
  CircleGeometry, Box3,
} from 'three';
export { OrbitControls } from 'three/examples/jsm/controls/OrbitControls.js';
export { default as URDFLoader } from 'urdf-loader';
