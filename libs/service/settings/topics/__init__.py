"""The settings of every service, by what they are about; each topic is a base of `Settings`."""
