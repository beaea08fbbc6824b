/** What a request carries, held against its schema; what is wrong is told in people's words. */
import { namedSentence, type ShapeProblem, shapeProblems } from '@tidegate/contract';
import type { FastifySchemaCompiler } from 'fastify';
import type { z } from 'zod';

/** Fastify adds where it was found: body, querystring, params. */
export class InvalidInput extends Error {
  readonly problems: readonly ShapeProblem[];
  readonly validationContext?: string;

  constructor(problems: readonly ShapeProblem[]) {
    super(problems.map(namedSentence).join(' '));
    this.name = 'InvalidInput';
    this.problems = problems;
  }
}

export const validator: FastifySchemaCompiler<z.ZodType> =
  ({ schema }) =>
  (data: unknown) => {
    const parsed = schema.safeParse(data);
    if (parsed.success) return { value: parsed.data };
    return { error: new InvalidInput(shapeProblems(parsed.error.issues, data)) };
  };
