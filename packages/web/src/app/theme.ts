/**
 * Beside the Azure portal: its type, its blue, its density. Colours and sizes are in theme.css (a style sheet, because
 * our content security policy lets no script write one); here is only what components are told in their properties.
 */
import { createTheme } from '@mantine/core';
import { common } from '../words/common.ts';

export const theme = createTheme({
  primaryColor: 'blue',
  primaryShade: { light: 6, dark: 7 },
  defaultRadius: 'xs',
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    ActionIcon: { defaultProps: { variant: 'subtle', size: 'md' } },
    Button: { defaultProps: { size: 'xs' } },
    // Locking the page's scroll would write a style element: theme.css does it by `:has()`.
    Modal: { defaultProps: { lockScroll: false, centered: true, overlayProps: { backgroundOpacity: 0.45 } } },
    Drawer: { defaultProps: { lockScroll: false } },
    // Otherwise its button has no name.
    Notification: { defaultProps: { closeButtonProps: { 'aria-label': common.close } } },
    TextInput: { defaultProps: { size: 'sm' } },
    PasswordInput: { defaultProps: { size: 'sm' } },
    Tooltip: { defaultProps: { withArrow: true, openDelay: 300, events: { hover: true, focus: true, touch: true } } },
  },
});
