/** Line pictures, 20 by 20, in the colour of the text around them. Always beside words, so never read out. */
const PATHS = {
  home: 'M3 9.5 10 3.5l7 6M5 8.5V16.5h10V8.5M8.5 16.5v-4.5h3v4.5',
  request: 'M10 4v12M4 10h12',
  requests: 'M4 5h12M4 10h12M4 15h7',
  review: 'M4 4h12v9h-5l-3 3v-3H4zM7.5 8.5l2 2 3.5-3.5',
  resources: 'M4 5.5C4 4 16 4 16 5.5S4 7 4 5.5v9C4 16 16 16 16 14.5v-9M4 10c0 1.5 12 1.5 12 0',
  sessions: 'M3 4.500h14v9H3zM7 16.500h6M6 7.500l2 2-2 2M10 11.500h3',
  record: 'M5 3h7l3 3v11H5zM12 3v3h3M7.5 10h5M7.5 13h5',
  overview: 'M4 16V9M8.5 16V4M13 16v-5M17 16.500H3',
  policies: 'M10 3l6 2v5c0 3.5-2.5 6-6 7-3.5-1-6-3.5-6-7V5zM7.5 10l2 2 3.5-3.5',
  gateways: 'M4 16V6M8 16V6M12 16V6M16 16V6M3 6h14M3 16h14M10 3v3',
  people:
    'M8 9a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5M3.5 16c0-3 2-5 4.5-5s4.5 2 4.5 5M13 4.500a2.3 2.3 0 0 1 0 4.500M14 11.500c1.8.6 2.8 2.3 2.8 4.5',
  settings: 'M4 6h7M15 6h1M4 14h1M9 14h7M13 4v4M7 12v4',
  security: 'M6 9V7a4 4 0 0 1 8 0v2M4.5 9h11v8h-11zM10 12v2.5',
  notices: 'M5 14V9a5 5 0 0 1 10 0v5l1.5 1.500h-13zM8.5 15.500a1.6 1.6 0 0 0 3 0M10 4V2.500',
  standIns:
    'M8 9a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5M3.5 16c0-3 2-5 4.5-5 1.200 0 2.300.500 3.100 1.200M12.5 15h4.500M15 12.800l2 2.200-2 2.200',
  query: 'M4 4h12v12H4zM7 8l2 2-2 2M11 12h2.5',
  search: 'M9 14A5 5 0 1 0 9 4a5 5 0 0 0 0 10M12.8 12.8 17 17',
  menu: 'M3 5.500h14M3 10h14M3 14.500h14',
  check: 'M4 10.500l4 4 8-9',
  cross: 'M5 5l10 10M15 5 5 15',
  copy: 'M7 7h9v9H7zM13 7V4H4v9h3',
  warning: 'M10 3.5 17.5 16.500h-15zM10 8.500v3.500M10 14.200v.3',
  clock: 'M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14M10 6v4.300l2.7 1.7',
  person: 'M10 9.500a3 3 0 1 0 0-6 3 3 0 0 0 0 6M4.5 16.500c0-3.3 2.4-5.5 5.5-5.500s5.5 2.2 5.5 5.5',
  key: 'M7 13a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7M10.5 9.500H17M14.5 9.500v3M17 9.500v2',
  next: 'M8 5l5 5-5 5',
  down: 'M5 8l5 5 5-5',
  offline: 'M3 3l14 14M4 9a9 9 0 0 1 3-2M16 9a9 9 0 0 0-5-2.800M7 12a4.5 4.5 0 0 1 5.5-.500M10 15.500v.2',
  refresh: 'M15.5 8A6 6 0 1 0 16 11.500M16 4v4h-4',
  cut: 'M6 6.5 16 15M6 13.5 16 5M5 8a2 2 0 1 0 0-4 2 2 0 0 0 0 4M5 16a2 2 0 1 0 0-4 2 2 0 0 0 0 4',
  pause: 'M7 4v12M13 4v12',
  up: 'M5 12l5-5 5 5',
  stop: 'M5 5h10v10H5z',
  play: 'M6 4l10 6-10 6z',
  download: 'M10 3v9M6 9l4 4 4-4M4 16.500h12',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 18 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      <path
        d={PATHS[name]}
        fill="none"
        stroke="currentColor"
        strokeWidth="1.4"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}
