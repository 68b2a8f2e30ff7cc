// What the owner prefers for answers. The server keeps it, so every browser and the API's defaults agree.

import type { Settings, UpdateSettingsRequest } from "@myna/protocol";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { requestJson } from "../api/api.ts";

const key = ["settings"];

export function useSettings() {
  return useQuery({
    queryKey: key,
    queryFn: () => requestJson<Settings>("/api/settings"),
    staleTime: 60_000,
  });
}

export function useUpdateSettings() {
  const client = useQueryClient();
  return useMutation({
    // One after the other, so that the last change made is the one that stays.
    scope: { id: "settings" },
    mutationFn: (change: UpdateSettingsRequest) =>
      requestJson<Settings>("/api/settings", { method: "PATCH", body: change }),
    onMutate: (change) => {
      client.setQueryData<Settings>(key, (known) => ({
        systemPrompt: change.systemPrompt === undefined ? (known?.systemPrompt ?? null) : change.systemPrompt,
        options: change.options ?? known?.options ?? {},
      }));
    },
    onError: () => client.invalidateQueries({ queryKey: key }),
  });
}
