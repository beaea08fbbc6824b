/** What is said in passing, at the corner of the page. */
import { Notifications } from '@mantine/notifications';
import '@mantine/notifications/styles.layer.css';

export default function Notices() {
  return <Notifications position="bottom-right" limit={4} />;
}
