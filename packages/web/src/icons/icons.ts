// Every icon of the page, under the name of what it means here.

export {
  ArrowDown as JumpIcon,
  ArrowUp as SendIcon,
  Check as DoneIcon,
  ChevronLeft as PreviousIcon,
  ChevronRight as NextIcon,
  Copy as CopyIcon,
  Ellipsis as MoreIcon,
  ImageOff as ImageIcon,
  Keyboard as KeyboardIcon,
  PanelLeft as SidebarIcon,
  Pencil as EditIcon,
  RefreshCw as RegenerateIcon,
  Search as SearchIcon,
  SlidersHorizontal as SettingsIcon,
  Square as StopIcon,
  SquarePen as NewIcon,
  Trash2 as DeleteIcon,
  TriangleAlert as WarningIcon,
  WifiOff as OfflineIcon,
  X as CloseIcon,
} from "lucide-react";
