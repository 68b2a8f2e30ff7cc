/** What an owner prefers for new conversations and answers. GET and PATCH /api/settings. */
import * as z from "zod";
import { longestSystemPrompt } from "./conversations.ts";
import { samplingOptionsSchema } from "./sampling.ts";
import { textSchema } from "./text.ts";

export const settingsSchema = z
  .object({
    /** Given to new conversations. */
    systemPrompt: z.string().nullable(),
    /** Used where a request leaves an option out. */
    options: samplingOptionsSchema,
  })
  .meta({ id: "Settings" });
export type Settings = z.infer<typeof settingsSchema>;

/** Absent fields stay; `options` is replaced as a whole. */
export const updateSettingsRequestSchema = z
  .strictObject({
    systemPrompt: textSchema(longestSystemPrompt).nullable().optional(),
    options: samplingOptionsSchema.optional(),
  })
  .meta({ id: "UpdateSettingsRequest" });
export type UpdateSettingsRequest = z.infer<typeof updateSettingsRequestSchema>;
