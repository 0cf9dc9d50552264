"""What a student may carry from exercise to exercise; see `textbook_gym.memory.base`."""
