import { Component, lazy, type ReactNode, Suspense } from "react";
import { t } from "../messages";
import { MediaActions } from "./MediaActions";
import type { MediaOutputProps } from "./OutputValue";

const ModelViewer = lazy(() =>
  import("./ModelViewer").then((module) => ({ default: module.ModelViewer })),
);

/** A 3D model, to be turned; the viewer comes when it is needed. */
export function ModelOutput({ name, title, value, tools }: MediaOutputProps) {
  const failed = <p className="media-text">{t.failed3d}</p>;
  return (
    <figure className="pg-output">
      <div className="media-frame">
        <Fallback shown={failed}>
          <Suspense fallback={<p className="muted">{t.loading3d}</p>}>
            <ModelViewer url={value.url} title={title} failed={failed} />
          </Suspense>
        </Fallback>
      </div>
      <MediaActions name={name} value={value} tools={tools} />
    </figure>
  );
}

/** No WebGL, or the viewer did not arrive: the file is still there to be downloaded. */
class Fallback extends Component<
  { shown: ReactNode; children: ReactNode },
  { hasFailed: boolean }
> {
  override state = { hasFailed: false };

  static getDerivedStateFromError() {
    return { hasFailed: true };
  }

  override render() {
    return this.state.hasFailed ? this.props.shown : this.props.children;
  }
}
