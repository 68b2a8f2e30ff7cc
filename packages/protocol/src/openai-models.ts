/** GET /v1/models, in OpenAI's form with a few fields of ours that its clients ignore. */
import * as z from "zod";

export const openAiModelSchema = z
  .object({
    id: z.string(),
    object: z.literal("model"),
    /** Seconds since 1970. */
    created: z.int(),
    owned_by: z.string(),
    architecture: z.string(),
    parameters: z.int(),
    /** Tokens of prompt and answer together. */
    context_length: z.int(),
  })
  .meta({ id: "OpenAiModel" });
export type OpenAiModel = z.infer<typeof openAiModelSchema>;

export const openAiModelListSchema = z
  .object({ object: z.literal("list"), data: z.array(openAiModelSchema) })
  .meta({ id: "OpenAiModelList" });
export type OpenAiModelList = z.infer<typeof openAiModelListSchema>;
