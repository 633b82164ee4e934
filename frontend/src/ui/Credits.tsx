import { Coins } from "lucide-react";

/** An amount of credits, in their colour and with their sign. */
export function Credits({ children }: { children: string }) {
  return (
    <span className="credits">
      <Coins className="icon" aria-hidden />
      {children}
    </span>
  );
}
