import { Anchor, Button } from '@mantine/core';
import type { ButtonProps } from '@mantine/core';
import { createLink } from '@tanstack/react-router';
import type { ComponentProps } from 'react';

type Props = ButtonProps & Omit<ComponentProps<'a'>, keyof ButtonProps>;

function ButtonLike(props: Props) {
  return <Button component="a" {...props} />;
}

/** Mantine's looks, the router's ways. */
export const Link = createLink(Anchor<'a'>);
export const LinkButton = createLink(ButtonLike);
