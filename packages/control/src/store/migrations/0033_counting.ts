/**
 * For which steps an approval may count is kept beside the one it counted for when it was given, so that it can make
 * room for another (core/policy/counting). Reviews that are there say nothing of it, and are not rewritten.
 */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    ALTER TABLE reviews
      ADD COLUMN fits integer[],
      ADD CONSTRAINT reviews_fit_where_they_counted CHECK (step = ANY (fits) AND array_position(fits, NULL) IS NULL);
    COMMENT ON COLUMN reviews.step IS 'The step that it counted for when it was given.';
    COMMENT ON COLUMN reviews.fits IS
      'Every step of the stage open then that named the reviewer, or who they stood in for: an approval counts for one of '
      'them, whichever lets the most approvals count. NULL: from before this was kept; it counts for step alone.';

    CREATE FUNCTION tidegate_review_fits_one_stage() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF EXISTS (
        SELECT FROM requests r CROSS JOIN unnest(new.fits) AS fit
        WHERE r.id = new.request AND r.steps -> fit -> 'stage' IS DISTINCT FROM r.steps -> new.step -> 'stage'
      ) THEN
        RAISE EXCEPTION 'a review fits steps of one stage only'
          USING ERRCODE = 'check_violation', TABLE = 'reviews', CONSTRAINT = TG_NAME;
      END IF;
      RETURN new;
    END $$;
    CREATE TRIGGER reviews_fit_one_stage BEFORE INSERT ON reviews
      FOR EACH ROW EXECUTE FUNCTION tidegate_review_fits_one_stage();
  `.execute(db);
}
