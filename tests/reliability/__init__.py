"""What goes wrong in real life, done on purpose to real processes: kills, broken input, full disks, wrong rights."""
