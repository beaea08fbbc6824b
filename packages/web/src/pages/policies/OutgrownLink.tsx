/** The way to the open grants that today's policy would not give, with how many wait for a decision. */
import { useQuery } from '@tanstack/react-query';
import { reading } from '../../api/queries.ts';
import { ButtonLink } from '../../components/ButtonLink.tsx';
import { outgrown as words } from '../../words/outgrown.ts';

export function OutgrownLink() {
  const { data } = useQuery(reading('outgrownGrants'));
  const undecided = (data?.items ?? []).filter(({ kept }) => kept === null).length;
  return (
    <ButtonLink to="/policies/outgrown" variant="default">
      {undecided === 0 ? words.link : words.count(undecided)}
    </ButtonLink>
  );
}
