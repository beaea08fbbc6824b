/** The operator's log, as the relay needs it; pino fits. Nothing logged holds secrets, statements or values. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
