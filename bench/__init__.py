"""What the program costs, as ratios taken side by side in one run; never seconds in a test."""
