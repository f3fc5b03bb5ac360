"""Which water sources belong to a parcel of land: the land registry answers."""
