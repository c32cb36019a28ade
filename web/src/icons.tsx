import type { ReactNode } from 'react';

const icon = (paths: ReactNode) =>
  function Icon({ size = 18 }: { size?: number }) {
    return (
      <svg
        width={size}
        height={size}
        viewBox="0 0 24 24"
        fill="none"
        stroke="currentColor"
        strokeWidth={1.8}
        strokeLinecap="round"
        strokeLinejoin="round"
        aria-hidden="true"
        focusable="false"
      >
        {paths}
      </svg>
    );
  };

export const DashboardIcon = icon(
  <>
    <rect x="4" y="4" width="7" height="9" rx="1.5" />
    <rect x="13" y="4" width="7" height="5" rx="1.5" />
    <rect x="13" y="12" width="7" height="8" rx="1.5" />
    <rect x="4" y="16" width="7" height="4" rx="1.5" />
  </>,
);
export const LeadsIcon = icon(
  <>
    <circle cx="9" cy="8" r="3.5" />
    <path d="M3 19.5c.6-3.4 3-5 6-5s5.4 1.6 6 5M16 5a3.3 3.3 0 0 1 0 6.4M18.3 15c1.5.8 2.4 2.3 2.7 4.5" />
  </>,
);
export const BookingsIcon = icon(
  <>
    <rect x="4" y="5" width="16" height="15" rx="2" />
    <path d="M4 10h16M8 3v4M16 3v4" />
  </>,
);
export const QuarantineIcon = icon(
  <>
    <path d="M12 3.5 21 19a1 1 0 0 1-.9 1.5H3.9A1 1 0 0 1 3 19z" />
    <path d="M12 10v4.5M12 17.4v.1" />
  </>,
);
export const RunsIcon = icon(
  <>
    <path d="M4.5 11.5A7.7 7.7 0 0 1 18 6.8M19.5 12.5A7.7 7.7 0 0 1 6 17.2" />
    <path d="M18.5 3v4h-4M5.5 21v-4h4" />
  </>,
);
export const AuditIcon = icon(<path d="M5 6h.01M9 6h10M5 12h.01M9 12h10M5 18h.01M9 18h7" />);
export const SettingsIcon = icon(
  <path d="M4 7h9M17 7h3M4 17h3M11 17h9M15 4.8a2.2 2.2 0 1 1 0 4.4 2.2 2.2 0 0 1 0-4.4zM9 14.8a2.2 2.2 0 1 1 0 4.4 2.2 2.2 0 0 1 0-4.4z" />,
);
export const SearchIcon = icon(
  <>
    <circle cx="11" cy="11" r="6.5" />
    <path d="m20 20-4.2-4.2" />
  </>,
);
export const SunIcon = icon(
  <>
    <circle cx="12" cy="12" r="4" />
    <path d="M12 3v1.5M12 19.5V21M3 12h1.5M19.5 12H21M5.6 5.6l1.1 1.1M17.3 17.3l1.1 1.1M5.6 18.4l1.1-1.1M17.3 6.7l1.1-1.1" />
  </>,
);
export const MoonIcon = icon(<path d="M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z" />);
export const SignOutIcon = icon(<path d="M14 4h4a2 2 0 0 1 2 2v12a2 2 0 0 1-2 2h-4M10 8l-4 4 4 4M6 12h9" />);
export const CheckIcon = icon(<path d="m5 12.5 4.5 4.5L19 7" />);
export const CrossIcon = icon(<path d="M6 6l12 12M18 6 6 18" />);
export const PlusIcon = icon(<path d="M12 5v14M5 12h14" />);
export const PauseIcon = icon(<path d="M8.5 5v14M15.5 5v14" />);
export const PlayIcon = icon(<path d="M8 5.5v13l10.5-6.5z" />);
export const DownloadIcon = icon(<path d="M12 4v11M7.5 11l4.5 4.5 4.5-4.5M5 20h14" />);
export const LeftIcon = icon(<path d="m14.5 6-6 6 6 6" />);
export const RightIcon = icon(<path d="m9.5 6 6 6-6 6" />);
export const MergeIcon = icon(<path d="M6 4v3c0 5 6 4 6 9v4M18 4v3c0 5-6 4-6 9M8.5 17l3.5 3.5 3.5-3.5" />);
export const OfflineIcon = icon(
  <path d="M4 9a12 12 0 0 1 4-2.4M20 9a12 12 0 0 0-7.5-3M7 12.8a7.5 7.5 0 0 1 3-1.7M17 12.8a7.5 7.5 0 0 0-1.7-1.2M12 18.5v.1M3.5 3.5l17 17" />,
);

/** Two arrows that chase each other: what comes from the CRM comes again and again. */
export function Mark({ size = 26 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="8" fill="#0b7a83" />
      <g fill="none" stroke="#fff" strokeWidth="2.6" strokeLinecap="round" strokeLinejoin="round">
        <path d="M9 13.5a7.5 7.5 0 0 1 13.2-3.1M23 18.5a7.5 7.5 0 0 1-13.2 3.1" />
        <path d="M23.4 6.2v5h-5M8.6 25.8v-5h5" />
      </g>
    </svg>
  );
}
