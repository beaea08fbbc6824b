/** The pages’ names in the navigation: all that is needed of an area before it is opened. */
export const navigation = {
  ask: 'Request access',
  gateways: 'Gateways',
  home: 'Home',
  notices: 'Notices',
  overview: 'Overview',
  people: 'People and groups',
  policies: 'Policies and roles',
  query: 'Query',
  record: 'Record',
  requests: 'My requests',
  resources: 'Resources',
  reviews: 'Reviews',
  security: 'My security',
  sessions: 'Sessions',
  settings: 'Settings',
  standIns: 'Stand-ins',
} as const;
