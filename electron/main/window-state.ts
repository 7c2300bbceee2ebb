import { readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { safeParse } from '#domain/safe-parse.ts';

const stateSchema = z.object({
  x: z.int().optional(),
  y: z.int().optional(),
  width: z.int().min(400).max(20_000),
  height: z.int().min(300).max(20_000),
  isMaximized: z.boolean(),
});

/** Where the window stood when it was closed. */
export type WindowState = z.infer<typeof stateSchema>;

const DEFAULT_STATE: WindowState = { width: 1280, height: 800, isMaximized: false };

/** The state kept in `file`; the default where there is none or it cannot be read, because it is only a convenience. */
export function readWindowState(file: string): WindowState {
  try {
    const parsed = safeParse(stateSchema, JSON.parse(readFileSync(file, 'utf8')));
    return parsed.success ? parsed.data : DEFAULT_STATE;
  } catch {
    return DEFAULT_STATE;
  }
}

/** Keeps the state in `file`. @returns false where it could not be written */
export function writeWindowState(file: string, state: WindowState): boolean {
  try {
    writeFileSync(file, JSON.stringify(state));
    return true;
  } catch {
    return false;
  }
}

/** The state with its position left out where no screen shows it any more. */
export function onSomeScreen(
  state: WindowState,
  screens: readonly { readonly x: number; readonly y: number; readonly width: number; readonly height: number }[],
): WindowState {
  const { x, y, ...size } = state;
  if (x === undefined || y === undefined) return size;
  const isSeen = screens.some(
    (screen) =>
      x < screen.x + screen.width && x + size.width > screen.x && y >= screen.y && y < screen.y + screen.height,
  );
  return isSeen ? state : size;
}
