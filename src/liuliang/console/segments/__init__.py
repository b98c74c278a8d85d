"""人群 and 分层: segments built by clicking, and everybody's layers."""
