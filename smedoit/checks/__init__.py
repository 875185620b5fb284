"""What must hold before a medium is written or published."""
