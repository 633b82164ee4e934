import { type ReactNode, useEffect, useRef, useState } from "react";
import {
  AmbientLight,
  Box3,
  DirectionalLight,
  type Object3D,
  PerspectiveCamera,
  Scene,
  Vector3,
  WebGLRenderer,
} from "three";
import { OrbitControls } from "three/addons/controls/OrbitControls.js";
import { GLTFLoader } from "three/addons/loaders/GLTFLoader.js";
import { t } from "../messages";

interface ModelViewerProps {
  url: string;
  title: string;
  failed: ReactNode;
}

/** A GLB file in a canvas. Its own chunk: three.js is larger than the rest of the page. */
export function ModelViewer({ url, title, failed }: ModelViewerProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [hasFailed, setFailed] = useState(false);
  useEffect(() => {
    if (canvas.current === null) {
      return;
    }
    try {
      return showModel(canvas.current, url, () => setFailed(true));
    } catch {
      setFailed(true); // no WebGL here
    }
  }, [url]);
  if (hasFailed) {
    return failed;
  }
  return (
    <canvas
      ref={canvas}
      className="pg-canvas"
      role="img"
      tabIndex={0}
      aria-label={`${title}. ${t.view3d}`}
    />
  );
}

function showModel(canvas: HTMLCanvasElement, url: string, fail: () => void): () => void {
  const renderer = new WebGLRenderer({ canvas, antialias: true, alpha: true });
  const scene = new Scene();
  const sun = new DirectionalLight(0xffffff, 2.4);
  sun.position.set(2, 4, 3);
  scene.add(new AmbientLight(0xffffff, 1.4), sun);
  const camera = new PerspectiveCamera(40, 1, 0.01, 1000);
  const controls = new OrbitControls(camera, canvas);
  const draw = () => renderer.render(scene, camera);
  controls.addEventListener("change", draw);
  controls.listenToKeyEvents(canvas);
  const fit = new ResizeObserver(() => {
    const { clientWidth, clientHeight } = canvas.parentElement ?? canvas;
    renderer.setPixelRatio(Math.min(window.devicePixelRatio, 2));
    renderer.setSize(clientWidth, clientHeight, false);
    camera.aspect = clientWidth / Math.max(clientHeight, 1);
    camera.updateProjectionMatrix();
    draw();
  });
  fit.observe(canvas.parentElement ?? canvas);
  new GLTFLoader().load(
    url,
    (loaded) => {
      scene.add(loaded.scene);
      lookAt(loaded.scene, camera, controls);
      draw();
    },
    undefined,
    fail,
  );
  return () => {
    fit.disconnect();
    controls.dispose();
    renderer.dispose();
  };
}

function lookAt(model: Object3D, camera: PerspectiveCamera, controls: OrbitControls): void {
  const box = new Box3().setFromObject(model);
  const size = box.getSize(new Vector3()).length() || 1;
  const centre = box.getCenter(new Vector3());
  camera.near = size / 100;
  camera.far = size * 100;
  camera.position.copy(centre).add(new Vector3(0.6, 0.4, 1).normalize().multiplyScalar(size * 1.4));
  camera.updateProjectionMatrix();
  controls.target.copy(centre);
  controls.update();
}
