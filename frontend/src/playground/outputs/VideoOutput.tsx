import { MediaActions } from "./MediaActions";
import type { MediaOutputProps } from "./OutputValue";

/** A film. */
export function VideoOutput({ name, title, value, tools }: MediaOutputProps) {
  return (
    <figure className="pg-output">
      <div className="media-frame media-auto media-contain">
        {/* biome-ignore lint/a11y/useMediaCaption: what a model made has none */}
        <video
          src={value.url}
          controls
          loop
          playsInline
          preload="metadata"
          aria-label={title}
          width={value.width ?? undefined}
          height={value.height ?? undefined}
        />
      </div>
      <MediaActions name={name} value={value} tools={tools} />
    </figure>
  );
}
