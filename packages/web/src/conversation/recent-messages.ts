// A long conversation begins with its end: older messages are added as the reader comes near them.

import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";

/** Several screens full. */
const STEP = 60;

interface RecentMessages {
  /** How many of the newest are shown. */
  count: number;
  /** Goes before the first one shown, while there are older ones. */
  edge: RefObject<HTMLButtonElement | null>;
  showOlder: () => void;
}

/** Safari does not hold the view still when something is added above it. */
const holdsStillByItself = typeof CSS !== "undefined" && CSS.supports("overflow-anchor", "auto");

export function useRecentMessages(total: number, scroller: RefObject<HTMLElement | null>): RecentMessages {
  const [count, setCount] = useState(STEP);
  const edge = useRef<HTMLButtonElement>(null);
  const distanceToEnd = useRef<number>(undefined);

  const showOlder = useCallback(() => {
    const box = scroller.current;
    if (box !== null && !holdsStillByItself) distanceToEnd.current = box.scrollHeight - box.scrollTop;
    setCount((shown) => shown + STEP);
  }, [scroller]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: after more messages have been added
  useLayoutEffect(() => {
    const box = scroller.current;
    if (box !== null && distanceToEnd.current !== undefined) box.scrollTop = box.scrollHeight - distanceToEnd.current;
    distanceToEnd.current = undefined;
  }, [count]);

  const hasOlder = count < total;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the edge is watched anew when it has moved
  useEffect(() => {
    if (!hasOlder || edge.current === null) return;
    const watcher = new IntersectionObserver(([entry]) => entry?.isIntersecting && showOlder(), {
      root: scroller.current,
      rootMargin: "600px 0px 0px",
    });
    watcher.observe(edge.current);
    return () => watcher.disconnect();
  }, [hasOlder, count, showOlder]);

  return { count, edge, showOlder };
}
