mod decoder;
