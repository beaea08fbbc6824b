/** Whether results may be saved is the policy's to say too: the rule's word is kept with the grant that it gave. */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    ALTER TABLE grants ADD COLUMN may_export boolean;
    COMMENT ON COLUMN grants.may_export IS
      'Whether the rule that gave it, or gave it more time last, lets results be saved. NULL: it says nothing of it, and '
      'the resource does.';
    -- More time goes by the word of the rule that gives it; only an open grant is given any.
    DROP TRIGGER grants_keep_what_was_granted ON grants;
    CREATE TRIGGER grants_keep_what_was_granted BEFORE UPDATE ON grants
      FOR EACH ROW EXECUTE FUNCTION tidegate_keep_rest(
        'state', 'starts_at', 'expires_at', 'opened_at', 'closing_at', 'closed_at',
        'close_reason', 'closed_by', 'close_comment', 'problem', 'may_export');
    CREATE TRIGGER grants_keep_what_may_be_saved BEFORE UPDATE ON grants
      FOR EACH ROW WHEN (old.state <> 'active' AND old.may_export IS DISTINCT FROM new.may_export)
      EXECUTE FUNCTION tidegate_refuse_change();
  `.execute(db);
}
