// The Flex delegate.
