"""预警: setting alerts with a preview of what they would have done, and what people do when one fires."""
