// Keeps the end of a growing conversation in view, until the reader scrolls up; and knows the way back down.

import { type RefObject, useCallback, useLayoutEffect, useRef, useState } from "react";

/** Nearer to the end than this counts as being there. */
const NEAR_PX = 56;

interface FollowLatest {
  scroller: RefObject<HTMLElement | null>;
  content: RefObject<HTMLDivElement | null>;
  isAtLatest: boolean;
  jumpToLatest: () => void;
}

export function useFollowLatest(conversationId: string): FollowLatest {
  const scroller = useRef<HTMLElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const [isAtLatest, setIsAtLatest] = useState(true);
  const isFollowing = useRef(true);

  const jumpToLatest = useCallback(() => {
    isFollowing.current = true;
    setIsAtLatest(true);
    scroller.current?.scrollTo({ top: scroller.current.scrollHeight });
  }, []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another conversation begins at its own end
  useLayoutEffect(() => {
    const box = scroller.current;
    const inner = content.current;
    if (box === null || inner === null) return;
    let lastTop = box.scrollTop;
    const settle = (isFollowingNow: boolean) => {
      isFollowing.current = isFollowingNow;
      setIsAtLatest(isFollowingNow);
    };
    const onScroll = () => {
      const isNear = box.scrollHeight - box.clientHeight - box.scrollTop < NEAR_PX;
      // Growth alone moves the end away too; only an upward move is the reader's wish.
      if (isNear) settle(true);
      else if (box.scrollTop < lastTop - 1) settle(false);
      lastTop = box.scrollTop;
    };
    const growth = new ResizeObserver(() => {
      if (isFollowing.current) box.scrollTop = box.scrollHeight;
    });
    growth.observe(inner);
    growth.observe(box);
    box.addEventListener("scroll", onScroll, { passive: true });
    jumpToLatest();
    return () => {
      growth.disconnect();
      box.removeEventListener("scroll", onScroll);
    };
  }, [conversationId, jumpToLatest]);

  return { scroller, content, isAtLatest, jumpToLatest };
}
