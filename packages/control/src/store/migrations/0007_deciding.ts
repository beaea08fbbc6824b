/**
 * Deciding, whole: rounds of approvals, stand-ins, shorter times, windows that come again, break-glass and its review,
 * and grants that today's policy would not give.
 */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await requests(db);
  await reviews(db);
  await grants(db);
  await delegations(db);
  await afterwards(db);
}

async function requests(db: Kysely<unknown>): Promise<void> {
  await sql`
    DROP TRIGGER requests_keep_what_was_asked ON requests;
    ALTER TABLE requests
      ADD COLUMN run_by text[] NOT NULL DEFAULT '{}',
      ADD COLUMN recurrence jsonb,
      ADD COLUMN next_opening timestamptz,
      ADD COLUMN break_glass boolean NOT NULL DEFAULT false,
      ADD COLUMN round integer NOT NULL DEFAULT 0,
      ADD COLUMN round_at timestamptz,
      ADD CONSTRAINT requests_by_break_glass_wait_for_nobody CHECK (NOT break_glass OR (state = 'approved' AND steps = '[]')),
      ADD CONSTRAINT requests_by_break_glass_are_for_now CHECK (NOT break_glass OR (starts_at IS NULL AND recurrence IS NULL)),
      ADD CONSTRAINT requests_that_recur_extend_nothing CHECK (recurrence IS NULL OR extends IS NULL),
      ADD CONSTRAINT requests_open_again_only_if_they_recur CHECK (next_opening IS NULL OR recurrence IS NOT NULL);
    UPDATE requests SET
      round_at = created_at,
      steps = (SELECT COALESCE(jsonb_agg(step || jsonb_build_object('stage', at - 1, 'escalate', NULL) ORDER BY at), '[]')
               FROM jsonb_array_elements(steps) WITH ORDINALITY AS listed (step, at));
    ALTER TABLE requests ALTER COLUMN round_at SET NOT NULL;
    CREATE INDEX requests_open_again ON requests (next_opening) WHERE next_opening IS NOT NULL;
    CREATE INDEX requests_waiting ON requests (created_at DESC, id DESC) WHERE state = 'pending';
    COMMENT ON TABLE requests IS
      'One ask each. rule, steps and mfa are what the policy demanded when it decided last: while a request is pending, a '
      'policy that changed decides it anew, in another round. Afterwards nothing of it changes but its next opening.';
    CREATE TRIGGER requests_keep_what_was_asked BEFORE UPDATE ON requests
      FOR EACH ROW EXECUTE FUNCTION tidegate_keep_rest(
        'state', 'decided_at', 'run_by', 'rule', 'why', 'policy_version', 'steps', 'mfa', 'lapses_at', 'round',
        'round_at', 'next_opening');
    CREATE TRIGGER requests_decided_are_decided BEFORE UPDATE ON requests
      FOR EACH ROW WHEN (old.state <> 'pending' AND
        (old.run_by, old.rule, old.why, old.policy_version, old.steps, old.mfa, old.lapses_at, old.round, old.round_at)
        IS DISTINCT FROM
        (new.run_by, new.rule, new.why, new.policy_version, new.steps, new.mfa, new.lapses_at, new.round, new.round_at))
      EXECUTE FUNCTION tidegate_refuse_change();
    CREATE TRIGGER requests_rounds_follow_each_other BEFORE UPDATE ON requests
      FOR EACH ROW WHEN (new.round NOT IN (old.round, old.round + 1) OR (new.round = old.round AND new.steps <> old.steps))
      EXECUTE FUNCTION tidegate_refuse_change();
  `.execute(db);
}

async function reviews(db: Kysely<unknown>): Promise<void> {
  await sql`
    ALTER TABLE reviews
      ADD COLUMN round integer NOT NULL DEFAULT 0,
      ADD COLUMN on_behalf_of text,
      ADD COLUMN duration interval,
      DROP CONSTRAINT reviews_one_a_person,
      ADD CONSTRAINT reviews_one_a_person PRIMARY KEY (request, round, reviewer),
      ADD CONSTRAINT reviews_one_in_the_stead_of_a_person UNIQUE (request, round, on_behalf_of),
      ADD CONSTRAINT reviews_in_the_stead_of_a_person FOREIGN KEY (on_behalf_of) REFERENCES people (name),
      ADD CONSTRAINT reviews_never_in_the_requesters_stead CHECK (on_behalf_of <> requester),
      ADD CONSTRAINT reviews_in_the_stead_of_another CHECK (on_behalf_of <> reviewer),
      ADD CONSTRAINT reviews_that_approve_may_shorten CHECK (duration IS NULL OR (decision = 'approve' AND duration > interval '0'));
    COMMENT ON TABLE reviews IS
      'One reviewer''s decision on one step. A person counts once in a round: in their own right, or by who stands in.';

    CREATE OR REPLACE FUNCTION tidegate_review_of_open_step() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE asked record;
    BEGIN
      SELECT jsonb_array_length(r.steps) AS steps, r.round, r.run_by INTO asked
        FROM requests r WHERE r.id = new.request AND r.state = 'pending';
      IF asked.steps IS NULL OR new.step >= asked.steps OR new.round <> asked.round THEN
        RAISE EXCEPTION 'a review needs a pending request, its round and one of its steps'
          USING ERRCODE = 'check_violation', TABLE = 'reviews', CONSTRAINT = TG_NAME;
      END IF;
      IF new.reviewer = ANY (asked.run_by) OR new.on_behalf_of = ANY (asked.run_by) THEN
        RAISE EXCEPTION 'a review is never by who runs the workload that asks'
          USING ERRCODE = 'check_violation', TABLE = 'reviews', CONSTRAINT = 'reviews_never_by_the_requester';
      END IF;
      IF EXISTS (
        SELECT FROM reviews r WHERE r.request = new.request AND r.round = new.round
          AND ARRAY[r.reviewer, r.on_behalf_of] && ARRAY[new.reviewer, new.on_behalf_of]
      ) THEN
        RAISE EXCEPTION 'a person counts once in a round'
          USING ERRCODE = 'unique_violation', TABLE = 'reviews', CONSTRAINT = 'reviews_one_a_person';
      END IF;
      RETURN new;
    END $$;
  `.execute(db);
}

async function grants(db: Kysely<unknown>): Promise<void> {
  await sql`
    ALTER TABLE grants
      ADD COLUMN opening timestamptz,
      DROP CONSTRAINT grants_one_a_request,
      ADD CONSTRAINT grants_one_a_request UNIQUE NULLS NOT DISTINCT (request, opening);
    COMMENT ON COLUMN grants.opening IS 'Of a request whose windows come again: which of them. One grant each.';

    CREATE TABLE kept_grants (
      "grant"        text NOT NULL,
      policy_version integer NOT NULL,
      by             text NOT NULL,
      comment        text NOT NULL,
      at             timestamptz NOT NULL,
      CONSTRAINT kept_grants_once_a_policy PRIMARY KEY ("grant", policy_version),
      CONSTRAINT kept_grants_are_grants FOREIGN KEY ("grant") REFERENCES grants (id),
      CONSTRAINT kept_grants_by_a_person FOREIGN KEY (by) REFERENCES people (name),
      CONSTRAINT kept_grants_for_a_reason CHECK (comment <> '')
    );
    COMMENT ON TABLE kept_grants IS
      'Open grants that a changed policy would not give, and that somebody decided to let go on under that policy.';
    CREATE TRIGGER kept_grants_are_never_changed BEFORE UPDATE OR DELETE ON kept_grants
      FOR EACH ROW EXECUTE FUNCTION tidegate_refuse_change();
    CREATE TRIGGER kept_grants_are_never_emptied BEFORE TRUNCATE ON kept_grants
      EXECUTE FUNCTION tidegate_refuse_change();
  `.execute(db);
}

async function delegations(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE delegations (
      id         text NOT NULL,
      person     text NOT NULL,
      delegate   text NOT NULL,
      starts_at  timestamptz NOT NULL,
      ends_at    timestamptz NOT NULL,
      reason     text NOT NULL,
      created_by text NOT NULL,
      created_at timestamptz NOT NULL,
      ended_at   timestamptz,
      CONSTRAINT delegations_are_named_once PRIMARY KEY (id),
      CONSTRAINT delegations_of_a_person FOREIGN KEY (person) REFERENCES people (name),
      CONSTRAINT delegations_to_a_person FOREIGN KEY (delegate) REFERENCES people (name),
      CONSTRAINT delegations_to_somebody_else CHECK (delegate <> person),
      CONSTRAINT delegations_last_some_time CHECK (ends_at > starts_at)
    );
    CREATE INDEX delegations_by_delegate ON delegations (delegate, ends_at) WHERE ended_at IS NULL;
    CREATE INDEX delegations_by_person ON delegations (person, ends_at);
    CREATE INDEX delegations_by_time ON delegations (created_at DESC, id DESC);
    COMMENT ON TABLE delegations IS 'Who reviews in whose stead, and for how long. Never in a requester''s stead.';
    CREATE TRIGGER delegations_keep_what_was_said BEFORE UPDATE ON delegations
      FOR EACH ROW EXECUTE FUNCTION tidegate_keep_rest('ended_at');
    CREATE TRIGGER delegations_end_once BEFORE UPDATE ON delegations
      FOR EACH ROW WHEN (old.ended_at IS NOT NULL) EXECUTE FUNCTION tidegate_refuse_change();
    CREATE TRIGGER delegations_are_never_emptied BEFORE TRUNCATE ON delegations
      EXECUTE FUNCTION tidegate_refuse_change();
    CREATE TRIGGER delegations_are_never_removed BEFORE DELETE ON delegations
      FOR EACH ROW EXECUTE FUNCTION tidegate_refuse_change();
  `.execute(db);
}

async function afterwards(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE after_reviews (
      request     text NOT NULL,
      requester   text NOT NULL,
      run_by      text[] NOT NULL,
      resource    text NOT NULL,
      role        text NOT NULL,
      reviewers   jsonb NOT NULL,
      due_at      timestamptz NOT NULL,
      reviewed_by text,
      verdict     text,
      comment     text,
      reviewed_at timestamptz,
      CONSTRAINT after_reviews_one_a_request PRIMARY KEY (request),
      CONSTRAINT after_reviews_of_a_request FOREIGN KEY (request, requester, resource, role)
        REFERENCES requests (id, requester, resource, role),
      CONSTRAINT after_reviews_by_a_person FOREIGN KEY (reviewed_by) REFERENCES people (name),
      CONSTRAINT after_reviews_never_by_the_requester CHECK (reviewed_by <> requester AND NOT reviewed_by = ANY (run_by)),
      CONSTRAINT after_reviews_say CHECK (verdict IN ('justified', 'not_justified')),
      CONSTRAINT after_reviews_are_open_or_whole CHECK (
        num_nulls(reviewed_by, verdict, comment, reviewed_at) IN (0, 4) AND COALESCE(comment <> '', true))
    );
    CREATE INDEX after_reviews_open ON after_reviews (due_at, request) WHERE reviewed_at IS NULL;
    CREATE INDEX after_reviews_by_time ON after_reviews (due_at DESC, request DESC);
    COMMENT ON TABLE after_reviews IS 'Every break-glass is looked at afterwards, by somebody who was told of it.';
    CREATE TRIGGER after_reviews_are_said_once BEFORE UPDATE ON after_reviews
      FOR EACH ROW WHEN (old.reviewed_at IS NOT NULL) EXECUTE FUNCTION tidegate_refuse_change();
    CREATE TRIGGER after_reviews_keep_what_happened BEFORE UPDATE ON after_reviews
      FOR EACH ROW EXECUTE FUNCTION tidegate_keep_rest('reviewed_by', 'verdict', 'comment', 'reviewed_at');
    CREATE TRIGGER after_reviews_are_never_emptied BEFORE TRUNCATE ON after_reviews
      EXECUTE FUNCTION tidegate_refuse_change();
    CREATE TRIGGER after_reviews_are_never_removed BEFORE DELETE ON after_reviews
      FOR EACH ROW EXECUTE FUNCTION tidegate_refuse_change();
  `.execute(db);
}
