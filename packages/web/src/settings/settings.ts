// What the owner prefers for answers. The server keeps it, so every browser and the API's defaults agree.

import type { Settings, UpdateSettingsRequest } from "@myna/protocol";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useRef } from "react";
import { requestJson } from "../api/api.ts";

const key = ["settings"];
/** A slider that is dragged changes forty times a second; the server hears of it when it rests. */
const SAVE_AFTER_MS = 300;

export function useSettings() {
  return useQuery({ queryKey: key, queryFn: () => requestJson<Settings>("/api/settings"), staleTime: 60_000 });
}

/** Changes are seen at once, and saved a moment after the last one. A refused one is told, and shown as it was. */
export function useUpdateSettings(onRefused: (error: Error) => void): (change: UpdateSettingsRequest) => void {
  const client = useQueryClient();
  const unsaved = useRef<UpdateSettingsRequest>({});
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const { mutate } = useMutation({
    // One after the other, so that the last change made is the one that stays.
    scope: { id: "settings" },
    mutationFn: (change: UpdateSettingsRequest) =>
      requestJson<Settings>("/api/settings", { method: "PATCH", body: change }),
    onError: (error) => {
      onRefused(error);
      return client.invalidateQueries({ queryKey: key });
    },
  });
  return useCallback(
    (change) => {
      client.setQueryData<Settings>(key, (known) => known && { ...known, ...withoutAbsent(change) });
      unsaved.current = { ...unsaved.current, ...change };
      clearTimeout(timer.current);
      timer.current = setTimeout(() => {
        mutate(unsaved.current);
        unsaved.current = {};
      }, SAVE_AFTER_MS);
    },
    [client, mutate],
  );
}

function withoutAbsent({ systemPrompt, options }: UpdateSettingsRequest): Partial<Settings> {
  return { ...(systemPrompt === undefined ? {} : { systemPrompt }), ...(options === undefined ? {} : { options }) };
}
