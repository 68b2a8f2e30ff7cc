// Deletions that can still be undone: hidden at once, done for good a little later or when the page is left.

export interface PendingDeletions {
  /**
   * @returns undo: true when the conversation is back, false when it was too late
   */
  begin: (id: string, whenFailed: () => void) => () => boolean;
  finishAll: () => void;
  hidden: () => ReadonlySet<string>;
  subscribe: (listener: () => void) => () => void;
}

/** Longer than the notice that offers it is shown (notices.tsx), so that its button always works. */
export const UNDO_MS = 15_000;

/** @param remove deletes for good; told whether the page is being left, when only some requests survive */
export function createPendingDeletions(
  remove: (id: string, isLeaving: boolean) => Promise<void>,
  undoMs = UNDO_MS,
): PendingDeletions {
  let hidden: ReadonlySet<string> = new Set();
  const timers = new Map<string, { timer: ReturnType<typeof setTimeout>; whenFailed: () => void }>();
  const listeners = new Set<() => void>();

  function setHidden(ids: Iterable<string>): void {
    hidden = new Set(ids);
    for (const listener of listeners) listener();
  }
  const show = (id: string) => setHidden([...hidden].filter((other) => other !== id));

  async function finish(id: string, isLeaving: boolean): Promise<void> {
    const pending = timers.get(id);
    if (pending === undefined) return;
    clearTimeout(pending.timer);
    timers.delete(id);
    try {
      await remove(id, isLeaving);
    } catch {
      // It is still there, so it is shown again and its owner told.
      show(id);
      pending.whenFailed();
    }
  }

  return {
    begin(id, whenFailed) {
      setHidden([...hidden, id]);
      timers.set(id, { timer: setTimeout(() => void finish(id, false), undoMs), whenFailed });
      return () => {
        const pending = timers.get(id);
        if (pending === undefined) return false;
        clearTimeout(pending.timer);
        timers.delete(id);
        show(id);
        return true;
      };
    },
    finishAll: () => {
      for (const id of timers.keys()) void finish(id, true);
    },
    hidden: () => hidden,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
