import { WifiOff } from "lucide-react";
import { useEffect, useState } from "react";
import { t } from "../messages";
import type { Connection } from "../run/runView";

/** Says that the live connection is down; the run itself is not touched by that. */
export function ConnectionBar({ connection }: { connection: Connection }) {
  const [isOffline, setOffline] = useState(() => navigator.onLine === false);
  useEffect(() => {
    const look = () => setOffline(navigator.onLine === false);
    window.addEventListener("online", look);
    window.addEventListener("offline", look);
    return () => {
      window.removeEventListener("online", look);
      window.removeEventListener("offline", look);
    };
  }, []);
  const words = isOffline
    ? t.offline
    : { live: "", reconnecting: t.connectionLost, polling: t.connectionPolling }[connection];
  return (
    <div role="status">
      {words ? (
        <p className="pg-connection">
          <WifiOff className="icon icon-sm" aria-hidden />
          {words}
        </p>
      ) : null}
    </div>
  );
}
